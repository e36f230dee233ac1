-- Who downloads an image, or waits for leave to: of the whole fleet, whichever coordinator a worker is connected to.
create table image_permit (
  worker_id text collate "C" not null references worker (id) on delete cascade,
  digest text collate "C" not null,
  holder text not null,                       -- of the coordinator that renews it
  held bigint not null,                       -- 0: it waits
  asked_at bigint not null,                   -- by the clock of leases, like the next
  until bigint not null,
  primary key (worker_id, digest)
);

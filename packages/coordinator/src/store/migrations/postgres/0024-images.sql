-- What workers said of their images: last of all, by digest. What they say now is in the memory of who they are connected to.
create table image_status (
  worker_id text collate "C" not null references worker (id) on delete cascade,
  digest text collate "C" not null,
  boot_id text not null,
  observed_at bigint not null,                -- by the coordinator's clock
  status text not null,                       -- JSON, without progress
  primary key (worker_id, digest)
);

-- The last hundred changes of state of each.
create table image_transition (
  worker_id text collate "C" not null references worker (id) on delete cascade,
  digest text collate "C" not null,
  since bigint not null,                      -- by the worker's clock
  seq bigint not null,
  state text collate "C" not null,
  attempt bigint not null,
  boot_id text not null,
  at bigint not null,                         -- by the coordinator's clock
  status text not null,                       -- JSON, without progress
  primary key (worker_id, digest, since, state, attempt)
);
create index image_transition_at on image_transition (at);

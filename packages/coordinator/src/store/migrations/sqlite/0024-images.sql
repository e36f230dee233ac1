-- What workers said of their images: last of all, by digest. What they say now is in the memory of who they are connected to.
create table image_status (
  worker_id text not null references worker (id) on delete cascade,
  digest text not null,
  boot_id text not null,
  observed_at integer not null,                -- by the coordinator's clock
  status text not null,                       -- JSON, without progress
  primary key (worker_id, digest)
) strict;

-- The last hundred changes of state of each.
create table image_transition (
  worker_id text not null references worker (id) on delete cascade,
  digest text not null,
  since integer not null,                      -- by the worker's clock
  seq integer not null,
  state text not null,
  attempt integer not null,
  boot_id text not null,
  at integer not null,                         -- by the coordinator's clock
  status text not null,                       -- JSON, without progress
  primary key (worker_id, digest, since, state, attempt)
) strict;
create index image_transition_at on image_transition (at);

-- The logs of attempts. Positions within a run are given out and committed in one order, under a lock of the run.
create table log_stream (
  run_id text collate "C" not null,
  step_id text collate "C" not null,
  attempt integer not null,
  stream text collate "C" not null,
  next_offset bigint not null,            -- bytes stored; the next chunk starts here
  primary key (run_id, step_id, attempt, stream)
);

create table log_chunk (
  position bigint generated always as identity,
  run_id text collate "C" not null,
  step_id text collate "C" not null,
  attempt integer not null,
  stream text collate "C" not null,
  start_offset bigint not null,
  data bytea not null,
  primary key (run_id, position)
);

-- The logs of attempts, in a database file of their own, so that a flood of log delays no state transition.
create table log_stream (
  run_id text not null,
  step_id text not null,
  attempt integer not null,
  stream text not null,
  next_offset integer not null,           -- bytes stored; the next chunk starts here
  primary key (run_id, step_id, attempt, stream)
) strict, without rowid;

create table log_chunk (
  position integer primary key autoincrement,
  run_id text not null,
  step_id text not null,
  attempt integer not null,
  stream text not null,
  start_offset integer not null,
  data blob not null
) strict;

create index log_chunk_by_run on log_chunk (run_id, position);

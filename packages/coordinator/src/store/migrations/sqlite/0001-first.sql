-- The truth of a coordinator: runs, steps, attempts, events, packs, workers. Times are milliseconds since 1970.
create table dag (
  digest text primary key,                -- SHA-256 of the canonical JSON of `spec`
  name text not null,
  spec text not null,                     -- JSON, protocol/model/dag.ts
  source text not null                    -- the YAML as it was submitted
) strict;

create table run (
  id text primary key,                    -- UUID v7: sorts by time
  dag_digest text not null references dag (digest),
  dag_name text not null,
  status text not null check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  failure text,                           -- JSON {code, message}
  params text not null,                   -- JSON object
  idempotency_key text unique,
  body_digest text not null,              -- of everything submitted; tells a retry from a reused key
  created_at integer not null,
  started_at integer,
  ended_at integer,
  cancel_requested integer not null default 0,
  event_seq integer not null default 0,   -- number of the newest event
  unfinished integer not null             -- steps that have not ended
) strict;

create index run_by_status on run (status, id);
create index run_by_dag on run (dag_name, id);

create table step (
  run_id text not null references run (id),
  idx integer not null,                   -- position in the DAG file
  step_id text not null,
  kind text not null,
  phase text not null check
    (phase in ('waiting', 'ready', 'leased', 'running', 'succeeded', 'failed', 'cancelled', 'blocked')),
  waiting_for integer not null,           -- dependencies that have not succeeded
  attempt integer not null default 0,     -- newest attempt; 0 before the first
  failed_count integer not null default 0,
  lost_count integer not null default 0,
  not_before integer not null default 0,  -- a retry waits until then
  labels text not null,                   -- JSON object: what a worker must have
  worker_id text,
  started_at integer,
  ended_at integer,
  failure text,                           -- JSON {code, message}
  exit_code integer,
  outputs text not null default '{}',
  usage text,
  pin_digest text,                        -- the pack pinned at submission, without memory
  snapshot_digest text,                   -- what every attempt uses; written once
  primary key (run_id, idx),
  unique (run_id, step_id)
) strict, without rowid;

create index step_ready on step (run_id, idx) where phase = 'ready';

create table attempt (
  run_id text not null,
  idx integer not null,
  attempt integer not null,
  generation text not null,
  worker_id text not null,
  boot_id text not null,
  phase text not null check (phase in ('leased', 'running', 'succeeded', 'failed', 'cancelled', 'returned', 'lost')),
  lease_until integer not null,           -- on the coordinator's clock
  claimed_at integer not null,
  started_at integer,
  ended_at integer,
  result_digest text,                     -- of the accepted result; tells a repetition from a conflict
  primary key (run_id, idx, attempt),
  foreign key (run_id, idx) references step (run_id, idx)
) strict, without rowid;

-- At most one live attempt at a step, whatever the code does.
create unique index attempt_live on attempt (run_id, idx) where phase in ('leased', 'running');
create index attempt_live_by_worker on attempt (worker_id) where phase in ('leased', 'running');
create index attempt_live_by_lease on attempt (lease_until) where phase in ('leased', 'running');

create table artifact (
  run_id text not null,
  idx integer not null,
  path text not null,
  digest text not null,
  size integer not null,
  executable integer not null,
  primary key (run_id, idx, path),
  foreign key (run_id, idx) references step (run_id, idx)
) strict, without rowid;

create table event (
  run_id text not null references run (id),
  seq integer not null,
  at integer not null,
  change text not null,                   -- JSON, protocol/model/event.ts
  primary key (run_id, seq)
) strict, without rowid;

create table snapshot (
  digest text primary key,
  format_version integer not null,
  compressed_size integer not null,
  uncompressed_size integer not null,
  report text not null,                   -- JSON: what is in it, and why
  gzip blob not null,
  created_at integer not null
) strict;

create table worker (
  id text primary key,
  boot_id text not null,
  name text not null,
  version text not null,
  labels text not null,                   -- JSON object
  slots integer not null,
  connected_at integer not null,
  last_seen_at integer not null
) strict;

-- Terminal phases absorb: a second guard behind the code's own (L3).
create trigger step_is_final before update of phase on step
when old.phase in ('succeeded', 'failed', 'cancelled', 'blocked') and new.phase <> old.phase
begin
  select raise(abort, 'a step that has ended does not change');
end;

create trigger run_is_final before update of status on run
when old.status in ('succeeded', 'failed', 'cancelled') and new.status <> old.status
begin
  select raise(abort, 'a run that has ended does not change');
end;

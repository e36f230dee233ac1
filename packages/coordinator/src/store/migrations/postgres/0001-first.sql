-- The truth of the coordinators: what migrations/sqlite has up to 0002, and 0004. Times are milliseconds since 1970.
-- Names and ids sort by bytes ("C"), as in SQLite: pages of runs are read by it. JSON stays text: nothing looks into it
-- but this program, and jsonb would refuse texts that JSON allows.
create table dag (
  digest text collate "C" primary key,    -- SHA-256 of the canonical JSON of `spec`
  name text collate "C" not null,
  spec text not null,                     -- JSON, protocol/model/dag.ts
  source text not null                    -- the YAML as it was submitted
);

create table run (
  id text collate "C" primary key,        -- UUID v7: sorts by time
  dag_digest text collate "C" not null references dag (digest),
  dag_name text collate "C" not null,
  status text collate "C" not null check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  failure text,                           -- JSON {code, message}
  params text not null,                   -- JSON object
  idempotency_key text collate "C" unique,
  body_digest text not null,              -- of everything submitted; tells a retry from a reused key
  created_at bigint not null,
  started_at bigint,
  ended_at bigint,
  cancel_requested integer not null default 0,
  event_seq bigint not null default 0,    -- number of the newest event
  unfinished integer not null,            -- steps that have not ended
  retry_of text collate "C"               -- the earlier run of which this one is a retry
) with (fillfactor = 80);                 -- its counters change all the time: room for the new version in the same page

create index run_by_status on run (status, id);
create index run_by_dag on run (dag_name, id);

create table step (
  run_id text collate "C" not null references run (id),
  idx integer not null,                   -- position in the DAG file
  step_id text collate "C" not null,
  kind text not null,
  phase text collate "C" not null check
    (phase in ('waiting', 'ready', 'leased', 'running', 'succeeded', 'failed', 'cancelled', 'blocked')),
  waiting_for integer not null,           -- dependencies that have not succeeded
  attempt integer not null default 0,     -- newest attempt; 0 before the first
  failed_count integer not null default 0,
  lost_count integer not null default 0,
  not_before bigint not null default 0,   -- a retry waits until then
  labels text not null,                   -- JSON object: what a worker must have
  worker_id text collate "C",
  started_at bigint,
  ended_at bigint,
  failure text,                           -- JSON {code, message}
  exit_code integer,
  outputs text not null default '{}',
  usage text,
  pin_digest text collate "C",                      -- the pack pinned at submission, without memory
  snapshot_digest text collate "C",                 -- what every attempt uses; written once
  memory_write text,                      -- JSON {global, dag}: what the step may write; null: nothing
  primary key (run_id, idx),
  unique (run_id, step_id)
);

create index step_ready on step (run_id, idx) where phase = 'ready';
create index step_retry_due on step (not_before) where phase = 'ready' and not_before > 0;

create table attempt (
  run_id text collate "C" not null,
  idx integer not null,
  attempt integer not null,
  generation text not null,
  worker_id text collate "C" not null,
  boot_id text not null,
  phase text collate "C" not null check
    (phase in ('leased', 'running', 'succeeded', 'failed', 'cancelled', 'returned', 'lost')),
  lease_until bigint not null,            -- on the database's clock, as the coordinators count it
  claimed_at bigint not null,
  started_at bigint,
  ended_at bigint,
  result_digest text,                     -- of the accepted result; tells a repetition from a conflict
  primary key (run_id, idx, attempt),
  foreign key (run_id, idx) references step (run_id, idx)
);

-- At most one live attempt at a step, whatever the code does.
create unique index attempt_live on attempt (run_id, idx) where phase in ('leased', 'running');
create index attempt_live_by_worker on attempt (worker_id) where phase in ('leased', 'running');
create index attempt_live_by_lease on attempt (lease_until) where phase in ('leased', 'running');

create table artifact (
  run_id text collate "C" not null,
  idx integer not null,
  path text collate "C" not null,
  digest text collate "C" not null,
  size bigint not null,
  executable integer not null,
  primary key (run_id, idx, path),
  foreign key (run_id, idx) references step (run_id, idx)
);

create table event (
  run_id text collate "C" not null references run (id),
  seq bigint not null,
  at bigint not null,
  change text not null,                   -- JSON, protocol/model/event.ts
  primary key (run_id, seq)
);

create table snapshot (
  digest text collate "C" primary key,
  format_version integer not null,
  compressed_size bigint not null,
  uncompressed_size bigint not null,
  report text not null,                   -- JSON: what is in it, and why
  gzip bytea not null,
  created_at bigint not null
);
alter table snapshot alter column gzip set storage external;  -- compressed already

create table worker (
  id text collate "C" primary key,
  boot_id text not null,
  name text collate "C" not null,
  version text not null,
  labels text not null,                   -- JSON object
  slots integer not null,
  connected_at bigint not null,
  last_seen_at bigint not null
);

-- What agents noted down. A scope is the fold of its versions' edits; memory_scope holds the newest state.
create table memory_scope (
  scope text collate "C" primary key,     -- `global` or `dags/<name>`
  version bigint not null,
  digest text not null,                   -- SHA-256 of the canonical JSON of `entries`
  entries text not null                   -- JSON list of {id, text, source}, by id
);

create table memory_version (
  scope text collate "C" not null,
  version bigint not null,                -- from 1, without a gap
  digest text not null,
  at bigint not null,
  cause text not null,                    -- JSON, protocol/model/memory.ts
  edits text not null,                    -- JSON list
  primary key (scope, version)
);

-- Every operation that an accepted result asked for, and what became of it. Outlives its run.
create table memory_operation (
  run_id text collate "C" not null,
  step_id text collate "C" not null,
  id text collate "C" not null,           -- of the worker
  position bigint not null,               -- grows: the order in which they came
  scope text collate "C" not null,
  operation text not null,                -- JSON; the text of what looks like a secret is not in it
  status text not null check (status in ('applied', 'merged', 'review', 'accepted', 'dismissed')),
  reason text,
  detail text not null default '',
  at bigint not null,
  decided_at bigint,
  primary key (run_id, step_id, id)
);

create index memory_operation_in_review on memory_operation (position) where status = 'review';
create unique index memory_operation_by_position on memory_operation (position);

-- Memory has one writer at a time, whichever coordinator it is: the one that holds this row.
create table memory_writer (one integer primary key check (one = 1));
insert into memory_writer (one) values (1);

-- Which life of the database issues fences, and of which cluster it is the life.
create table store_life (
  one integer primary key check (one = 1),
  generation text not null,               -- a counter and a random tag
  cluster text not null                   -- system identifier and timeline of the server
);

-- Terminal phases absorb: a second guard behind the code's own (L3).
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '%', tg_argv[0];
end $$;

create trigger step_is_final before update of phase on step for each row
when (old.phase in ('succeeded', 'failed', 'cancelled', 'blocked') and new.phase <> old.phase)
execute function refuse_change('a step that has ended does not change');

create trigger run_is_final before update of status on run for each row
when (old.status in ('succeeded', 'failed', 'cancelled') and new.status <> old.status)
execute function refuse_change('a run that has ended does not change');

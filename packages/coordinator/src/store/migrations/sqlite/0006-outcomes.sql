-- Steps that are skipped, what a step has before it, and handlers. SQLite cannot widen a check, so the table is made anew, with all
-- that hung on it; what refers to it keeps its rows (see migrate.ts).
alter table run add column outcome text;  -- how the steps ended, once they have; then the handlers run

create table step_new (
  run_id text not null references run (id),
  idx integer not null,                   -- position in the DAG file
  step_id text not null,
  kind text not null,
  phase text not null check
    (phase in ('waiting', 'ready', 'leased', 'running', 'succeeded', 'failed', 'cancelled', 'blocked', 'skipped')),
  waiting_for integer not null,           -- dependencies that have not ended
  unsatisfied integer not null default 0, -- 1: one that has ended does not satisfy
  ancestor_failed integer not null default 0,
  ancestor_cancelled integer not null default 0,
  continue_on_error integer not null default 0,
  handler text check (handler in ('onSuccess', 'onFailure', 'onCancel', 'onExit')), -- null: a step of the run itself
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
  memory_write text,                      -- JSON {global, dag}: what the step may write; null: nothing
  primary key (run_id, idx),
  unique (run_id, step_id)
) strict, without rowid;

insert into step_new (run_id, idx, step_id, kind, phase, waiting_for, attempt, failed_count, lost_count, not_before, labels,
                      worker_id, started_at, ended_at, failure, exit_code, outputs, usage, pin_digest, snapshot_digest,
                      memory_write)
select run_id, idx, step_id, kind, phase, waiting_for, attempt, failed_count, lost_count, not_before, labels,
       worker_id, started_at, ended_at, failure, exit_code, outputs, usage, pin_digest, snapshot_digest, memory_write
from step;

drop table step;
alter table step_new rename to step;

create index step_ready on step (run_id, idx) where phase = 'ready';
create index step_by_pin on step (pin_digest) where pin_digest is not null;
create index step_by_snapshot on step (snapshot_digest) where snapshot_digest is not null;

-- Terminal phases absorb: a second guard behind the code's own (L3).
create trigger step_is_final before update of phase on step
when old.phase in ('succeeded', 'failed', 'cancelled', 'blocked', 'skipped') and new.phase <> old.phase
begin
  select raise(abort, 'a step that has ended does not change');
end;

-- A smaller layout. Rows of a run stand under a short number instead of its id. The live attempt is part of its step's row:
-- at most one, whatever the code does; `attempt` has those that ended. Events that were told together are one row.
create table run_new (
  no integer primary key,                 -- of this database; ids are what the world sees
  id text not null unique,                -- UUID v7: sorts by time
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
  unfinished integer not null,            -- steps that have not ended
  forgotten integer not null default 0,   -- 1: nobody sees the run any more, and its rows are being deleted; its own goes last
  retry_of text,
  trigger_kind text check (trigger_kind in ('schedule', 'backfill')),
  trigger_schedule integer,
  trigger_due integer,
  outcome text                            -- how the steps ended, once they have; then the handlers run
) strict;

insert into run_new (id, dag_digest, dag_name, status, failure, params, idempotency_key, body_digest, created_at, started_at,
                     ended_at, cancel_requested, event_seq, unfinished, forgotten, retry_of, trigger_kind, trigger_schedule,
                     trigger_due, outcome)
select id, dag_digest, dag_name, status, failure, params, idempotency_key, body_digest, created_at, started_at,
       ended_at, cancel_requested, event_seq, unfinished, forgotten, retry_of, trigger_kind, trigger_schedule,
       trigger_due, outcome
from run order by id;

create table step_new (
  run integer not null references run (no),
  idx integer not null,                   -- position in the DAG file
  step_id text not null,
  kind text not null,
  -- Words in one text: SQLite would build a table of a list for every row that it checks.
  phase text not null check
    (instr(' waiting ready leased running succeeded failed cancelled blocked skipped ', ' ' || phase || ' ') > 0),
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
  generation text,                        -- of the newest attempt, with the five below
  worker_id text,
  boot_id text,
  lease_until integer,                    -- on the coordinator's clock
  claimed_at integer,
  started_at integer,
  ended_at integer,
  failure text,                           -- JSON {code, message}
  exit_code integer,
  outputs text not null default '{}',
  usage text,
  pin_digest text,                        -- the pack pinned at submission, without memory
  snapshot_digest text,                   -- what every attempt uses; written once
  memory_write text,                      -- JSON {global, dag}: what the step may write; null: nothing
  primary key (run, idx)
) strict, without rowid;

insert into step_new (run, idx, step_id, kind, phase, waiting_for, unsatisfied, ancestor_failed, ancestor_cancelled,
                      continue_on_error, handler, attempt, failed_count, lost_count, not_before, labels, generation,
                      worker_id, boot_id, lease_until, claimed_at, started_at, ended_at, failure, exit_code, outputs, usage,
                      pin_digest, snapshot_digest, memory_write)
select run_new.no, step.idx, step.step_id, step.kind, step.phase, step.waiting_for, step.unsatisfied, step.ancestor_failed,
       step.ancestor_cancelled, step.continue_on_error, step.handler, step.attempt, step.failed_count, step.lost_count,
       step.not_before, step.labels, attempt.generation, coalesce(attempt.worker_id, step.worker_id), attempt.boot_id,
       attempt.lease_until, attempt.claimed_at, step.started_at, step.ended_at, step.failure, step.exit_code, step.outputs,
       step.usage, step.pin_digest, step.snapshot_digest, step.memory_write
from step
join run_new on run_new.id = step.run_id
left join attempt on attempt.run_id = step.run_id and attempt.idx = step.idx and attempt.attempt = step.attempt;

create table attempt_new (
  run integer not null,
  idx integer not null,
  attempt integer not null,
  generation text not null,
  worker_id text not null,
  boot_id text not null,
  phase text not null check (phase in ('succeeded', 'failed', 'cancelled', 'returned', 'lost')),
  claimed_at integer not null,
  started_at integer,
  ended_at integer not null,
  result_digest text,                     -- of the accepted result; tells a repetition from a conflict
  primary key (run, idx, attempt)
) strict, without rowid;

insert into attempt_new
select run_new.no, idx, attempt, generation, worker_id, boot_id, phase, claimed_at, attempt.started_at,
       coalesce(attempt.ended_at, claimed_at), result_digest
from attempt join run_new on run_new.id = attempt.run_id where phase not in ('leased', 'running');

create table artifact_new (
  run integer not null,
  idx integer not null,
  path text not null,
  digest text not null,
  size integer not null,
  executable integer not null,
  primary key (run, idx, path),
  foreign key (run, idx) references step (run, idx)
) strict, without rowid;

insert into artifact_new
select run_new.no, idx, path, digest, size, executable from artifact join run_new on run_new.id = artifact.run_id;

create table event_new (
  run integer not null,
  seq integer not null,                   -- number of the last one in `changes`
  at integer not null,
  changes text not null,                  -- JSON list, protocol/model/event.ts
  primary key (run, seq)
) strict, without rowid;

insert into event_new
select run_new.no, seq, at, '[' || change || ']' from event join run_new on run_new.id = event.run_id;

drop table event;
drop table artifact;
drop table attempt;
drop table step;
drop table run;
alter table run_new rename to run;
alter table step_new rename to step;
alter table attempt_new rename to attempt;
alter table artifact_new rename to artifact;
alter table event_new rename to event;

create index run_by_status on run (status, id);
create index run_by_dag on run (dag_name, id);
create index run_by_end on run (ended_at, id) where forgotten = 0;
create index run_forgotten on run (id) where forgotten = 1;
create index run_by_dag_digest on run (dag_digest);
create index run_of_schedule on run (dag_name, trigger_schedule, trigger_due)
  where trigger_kind = 'schedule' and status in ('queued', 'running');

create index step_ready on step (run, idx) where phase = 'ready';
-- When the next retry is due must not be looked for among all that is ready: a queue may hold a million steps.
create index step_retry_due on step (not_before) where phase = 'ready' and not_before > 0;
-- As many as there are slots.
create index step_live on step (lease_until, worker_id) where phase in ('leased', 'running');
create index step_by_pin on step (pin_digest) where pin_digest is not null;
create index step_by_snapshot on step (snapshot_digest) where snapshot_digest is not null;
create index artifact_by_digest on artifact (digest);

-- Terminal phases absorb: a second guard behind the code's own (L3).
create trigger step_is_final before update of phase on step
when instr(' succeeded failed cancelled blocked skipped ', ' ' || old.phase || ' ') > 0 and new.phase <> old.phase
begin
  select raise(abort, 'a step that has ended does not change');
end;

create trigger run_is_final before update of status on run
when old.status in ('succeeded', 'failed', 'cancelled') and new.status <> old.status
begin
  select raise(abort, 'a run that has ended does not change');
end;

-- A second guard behind the code's own: what has not ended is not forgotten, and nothing goes unannounced.
create trigger run_in_progress_stays before update of forgotten on run
when new.forgotten = 1 and old.status not in ('succeeded', 'failed', 'cancelled')
begin
  select raise(abort, 'a run that has not ended is not forgotten');
end;

create trigger run_goes_last before delete on run
when old.forgotten = 0
begin
  select raise(abort, 'a run is forgotten before it is deleted');
end;

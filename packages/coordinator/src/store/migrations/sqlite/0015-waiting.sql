-- Steps that wait for a person, time limits, and runs that are held up. SQLite cannot widen a check: the column is made anew.
alter table run add column due_at integer;              -- when its time is over; null: it has no limit, has not started, or has ended
alter table run add column time_over integer not null default 0;  -- bits: 1 its steps, 2 its handlers have no time any more
alter table run add column paused_at integer;           -- null: it is not paused
alter table run add column pause_reason text;
alter table run add column paused_with_parent integer not null default 0;  -- 1: because the run that started it is

drop trigger step_is_final;
drop index step_ready;
drop index step_retry_due;
drop index step_live;
drop index step_child_ready;
drop index step_gated;
alter table step rename column phase to old_phase;
-- One by one: SQLite would build a table of a list for every row that it checks.
alter table step add column phase text not null default 'waiting' check
  (phase = 'ready' or phase = 'leased' or phase = 'running' or phase = 'succeeded' or phase = 'waiting' or phase = 'failed'
   or phase = 'skipped' or phase = 'cancelled' or phase = 'blocked' or phase = 'suspended');
alter table step add column due_at integer;             -- of a ready step: until when a worker must take it; of a suspended one: an answer must come
alter table step add column paused integer not null default 0;  -- 1: ready, and its run is paused
update step set phase = old_phase;
alter table step drop column old_phase;

create table approval (
  run integer not null,
  idx integer not null,
  prompt text not null,                   -- expressions evaluated
  asked_at integer not null,
  answer text,                            -- JSON, protocol/model/approval.ts; null: none yet
  answer_digest text,                     -- tells a repetition from another answer
  answered_at integer,
  primary key (run, idx),
  foreign key (run, idx) references step (run, idx)
) strict, without rowid;

-- What may start. Of a paused run nothing may.
create index step_ready on step (queue, run, idx)
  where phase = 'ready' and not_before = 0 and kind not in ('dag', 'deploy') and paused = 0;
-- When the next retry is due must not be looked for among all that is ready: a queue may hold a million steps.
create index step_retry_due on step (not_before, paused) where phase = 'ready' and (paused = 0 and not_before > 0);
-- As many as there are slots.
create index step_live on step (lease_until, worker_id) where phase in ('leased', 'running');
create index step_child_ready on step (run, idx) where phase = 'ready' and kind in ('dag', 'deploy') and paused = 0;
create index step_gated on step (queue, phase) where gated = 1;
create index step_suspended on step (run, idx) where phase = 'suspended';
create index step_due on step (due_at) where due_at is not null and phase in ('ready', 'suspended');
create index run_due on run (due_at) where due_at is not null;
-- Names of keys that no run has any more are forgotten.
create index run_of_key on run (run_key) where run_key is not null;
-- Whose child runs are looked at.
create index run_paused on run (id) where paused_at is not null;
create index run_paused_with_parent on run (parent_id) where paused_with_parent = 1;

-- Terminal phases absorb: a second guard behind the code's own (L3).
create trigger step_is_final before update of phase on step
when old.phase in ('succeeded', 'failed', 'cancelled', 'blocked', 'skipped') and new.phase <> old.phase
begin
  select raise(abort, 'a step that has ended does not change');
end;

-- A step of kind `dag` is a run of its own, which names the step that it is.
alter table run add column parent_id text;                               -- the run of that step; null: it has none
alter table run add column parent_idx integer;
alter table run add column parent_step text;
alter table run add column parent_attempt integer;
alter table run add column parent_waits integer not null default 0;      -- 1: the step does not know of its end yet
alter table run add column depth integer not null default 0;             -- one more than its parent's
alter table run add column root_id text;                                 -- the first of its family; null: itself
alter table run add column pins integer;                                 -- whose `pinned_dag` it uses; null: its own
alter table run add column deadline integer;                             -- wall clock: the time limit of its step
alter table run add column timed_out integer not null default 0;         -- 1: it is cancelled because of that
alter table run add column cancels_children integer not null default 0;  -- 1: what it started is to be cancelled

-- An attempt at a step is one run, whoever starts it and however often.
create unique index run_child on run (parent_id, parent_idx, parent_attempt) where parent_id is not null;
create index run_child_ended on run (ended_at) where parent_waits = 1 and ended_at is not null;
create index run_child_deadline on run (deadline)
  where parent_waits = 1 and timed_out = 0 and ended_at is null and deadline is not null;
create index run_cancels_children on run (id) where cancels_children = 1 and ended_at is null;
create index run_of_root on run (root_id) where root_id is not null;
-- Child runs are forgotten with the first of their family.
drop index run_by_end;
create index run_by_end on run (ended_at, id) where forgotten = 0 and root_id is null;
create index step_child_ready on step (run, idx) where phase = 'ready' and kind in ('dag', 'deploy');

-- What a run was submitted with for the runs that it starts: their DAGs, and the packs of their agent steps.
create table pinned_dag (
  run integer not null references run (no),
  key text not null,                      -- the name of the DAG, `<file's DAG>/<name>` of a local one
  dag_digest text not null references dag (digest),
  file_name text not null,
  primary key (run, key)
) strict, without rowid;
create index pinned_dag_by_digest on pinned_dag (dag_digest);

create table pinned_step (
  run integer not null,
  key text not null,
  idx integer not null,                   -- position in the DAG
  pin_digest text not null,
  snapshot_digest text,                   -- null: it reads memory when it starts
  memory_write text,
  primary key (run, key, idx),
  foreign key (run, key) references pinned_dag (run, key)
) strict, without rowid;
create index pinned_step_by_pin on pinned_step (pin_digest);

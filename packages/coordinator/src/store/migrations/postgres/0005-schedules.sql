-- DAGs that are kept by name, their schedules, and what became of the times of each.
create table stored_dag (
  name text collate "C" primary key,
  digest text not null,                   -- SHA-256 of `source`
  source text not null,                   -- the YAML as it was put
  file_name text not null,
  schedules text not null,                -- JSON list, protocol/model/schedule.ts
  put_at bigint not null
);

create table schedule (
  dag_name text collate "C" not null references stored_dag (name),
  idx integer not null,                   -- position in the DAG file
  spec text not null,                     -- JSON
  handled bigint not null,                -- every time up to this moment was decided
  paused_at bigint,
  pause_note text,
  primary key (dag_name, idx)
);

create table schedule_tick (
  dag_name text collate "C" not null,
  idx integer not null,
  due bigint not null,
  outcome text collate "C" not null check (outcome in ('started', 'queued', 'skipped', 'missed', 'failed')),
  run_id text collate "C",
  detail text not null default '',
  at bigint not null,                     -- when it was decided
  primary key (dag_name, idx, due)
);

create index schedule_tick_queued on schedule_tick (dag_name, idx, due) where outcome = 'queued';

-- What started a run; null: a person or a program asked for it, or retry_of says so.
alter table run add column trigger_kind text collate "C" check (trigger_kind in ('schedule', 'backfill'));
alter table run add column trigger_schedule integer;
alter table run add column trigger_due bigint;

-- The runs of a schedule that have not ended.
create index run_of_schedule on run (dag_name, trigger_schedule, trigger_due)
  where trigger_kind = 'schedule' and status in ('queued', 'running');

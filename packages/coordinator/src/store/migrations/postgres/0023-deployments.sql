-- Steps that deploy go to workers, like others.
drop index step_ready;
drop index step_child_ready;
create index step_ready on step (queue, run, idx)
  where phase = 'ready' and not_before = 0 and kind <> 'dag' and paused = 0;
create index step_child_ready on step (run, idx) where phase = 'ready' and kind = 'dag' and paused = 0;

-- What the steps of a queue deploy: the worker on which that stands already has to do it.
alter table queue add column deployment text collate "C";  -- null: they deploy nothing
alter table queue add column pulls integer not null default 0;  -- 1: the image is a reference
create index queue_by_deployment on queue (deployment) where deployment is not null;

-- The steps that deploy one name share what no person could write as a key.
alter table shared_limit drop constraint shared_limit_kind_check;
alter table shared_limit add constraint shared_limit_kind_check check (kind in ('key', 'pool', 'run', 'deployment'));

-- Containers that steps left running on workers' hosts, and names that were used once: what is not here is nobody's.
create table deployment (
  name text collate "C" primary key,
  state text collate "C" not null,                    -- runs/deployment-row.ts
  worker_id text collate "C",                         -- where it stands, or something may have been left; null: the name is free
  abandoned_on text collate "C",                      -- where what an operator gave up may still stand
  due_at bigint,                          -- when it is to be removed; null: never, or a run does it already
  changed_at bigint not null,
  snapshot_digest text collate "C",                   -- of its agent: the pack is kept
  body text not null                      -- JSON, runs/deployment-row.ts
);
create index deployment_by_worker on deployment (worker_id) where worker_id is not null;
create index deployment_abandoned on deployment (abandoned_on) where abandoned_on is not null;
create index deployment_due on deployment (due_at) where due_at is not null;
create index deployment_by_pack on deployment (snapshot_digest) where snapshot_digest is not null;
create index deployment_gone on deployment (changed_at) where state = 'absent';

-- What this fleet calls itself on engines that it shares with others: the first name stays.
create table fleet_name (
  one integer primary key check (one = 1),
  name text collate "C" not null
);

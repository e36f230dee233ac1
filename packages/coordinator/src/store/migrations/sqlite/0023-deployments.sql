-- Steps that deploy go to workers, like others.
drop index step_ready;
drop index step_child_ready;
create index step_ready on step (queue, run, idx)
  where phase = 'ready' and not_before = 0 and kind <> 'dag' and paused = 0;
create index step_child_ready on step (run, idx) where phase = 'ready' and kind = 'dag' and paused = 0;

-- What the steps of a queue deploy: the worker on which that stands already has to do it.
alter table queue add column deployment text;  -- null: they deploy nothing
alter table queue add column pulls integer not null default 0;  -- 1: the image is a reference
create index queue_by_deployment on queue (deployment) where deployment is not null;

-- The steps that deploy one name share what no person could write as a key. SQLite cannot widen a check: the table is made anew.
create table wider_limit (
  no integer primary key,
  kind text not null check (kind in ('key', 'pool', 'run', 'deployment')), -- of steps; a supply of units; of runs; of deploys
  name text not null,
  units integer,                          -- of a pool that is there
  unique (kind, name)
) strict;
insert into wider_limit select no, kind, name, units from shared_limit;
drop table shared_limit;
alter table wider_limit rename to shared_limit;

-- Containers that steps left running on workers' hosts, and names that were used once: what is not here is nobody's.
create table deployment (
  name text primary key,
  state text not null,                    -- runs/deployment-row.ts
  worker_id text,                         -- where it stands, or something may have been left; null: the name is free
  abandoned_on text,                      -- where what an operator gave up may still stand
  due_at integer,                          -- when it is to be removed; null: never, or a run does it already
  changed_at integer not null,
  snapshot_digest text,                   -- of its agent: the pack is kept
  body text not null                      -- JSON, runs/deployment-row.ts
) strict;
create index deployment_by_worker on deployment (worker_id) where worker_id is not null;
create index deployment_abandoned on deployment (abandoned_on) where abandoned_on is not null;
create index deployment_due on deployment (due_at) where due_at is not null;
create index deployment_by_pack on deployment (snapshot_digest) where snapshot_digest is not null;
create index deployment_gone on deployment (changed_at) where state = 'absent';

-- What this fleet calls itself on engines that it shares with others: the first name stays.
create table fleet_name (
  one integer primary key check (one = 1),
  name text not null
) strict;

-- Steps that wait stand in queues: all of a queue ask the same of a worker, have the same priority and take parts of the same
-- keys and pools, so that one look at a queue says what there is to say of each of them. What is in use of a key or a pool is
-- written down nowhere: it is what the live attempts hold.
create table queue (
  no integer primary key,
  digest text not null unique,           -- of all below but the last
  priority integer not null check (priority between 1 and 5),
  share text not null,                    -- whose turns its steps use up
  selector text not null,                 -- JSON object: what a worker must be like
  limits text not null,                   -- JSON list of {kind, name, units, limit}
  pack text not null,                     -- JSON {formatVersion, requires}: what the packs ask of their reader; empty: there are none
  used_at integer not null                -- about when a step came last
) strict;

create table shared_limit (
  no integer primary key,
  kind text not null check (kind in ('key', 'pool', 'run')), -- of steps; a supply of units; of runs
  name text not null,
  units integer,                          -- of a pool that is there
  unique (kind, name)
) strict;

create table queue_limit (
  shared_limit integer not null references shared_limit (no),
  queue integer not null references queue (no),
  units integer not null,                 -- that each step takes
  at_most integer,                        -- of a key: as many, together with those of others
  primary key (shared_limit, queue)
) strict, without rowid;
create index queue_limit_by_queue on queue_limit (queue);

alter table step add column queue integer not null default 0;
alter table step add column gated integer not null default 0; -- 1: its queue has limits

-- Their digests are like no other: steps that come later stand in queues of their own.
insert into queue (digest, priority, share, selector, limits, pack, used_at)
select 'before ' || row_number() over (), 3, dag_name, labels, '[]', pack, 0
from (select distinct run.dag_name, step.labels,
                     case when snapshot.digest is null then ''
                          else json_object('formatVersion', snapshot.format_version,
                                           'requires', json(json_extract(snapshot.report, '$.requires'))) end as pack
      from step join run on run.no = step.run
      left join snapshot on snapshot.digest = coalesce(step.snapshot_digest, step.pin_digest)) as known;

update step set queue = (
  select queue.no from run
  left join snapshot on snapshot.digest = coalesce(step.snapshot_digest, step.pin_digest)
  join queue on queue.share = run.dag_name and queue.selector = step.labels
            and queue.pack = case when snapshot.digest is null then ''
                                  else json_object('formatVersion', snapshot.format_version,
                                                   'requires', json(json_extract(snapshot.report, '$.requires'))) end
  where run.no = step.run);

drop index step_ready;
alter table step drop column labels;
-- A retry that waits for its time is in no queue; nor is a step that no worker takes.
create index step_ready on step (queue, run, idx)
  where phase = 'ready' and not_before = 0 and kind not in ('dag', 'deploy');
create index step_gated on step (queue, phase) where gated = 1;

create trigger step_stands_in_queue before insert on step
when new.queue = 0
begin
  select raise(abort, 'a step stands in a queue');
end;

-- Runs that share a key.
alter table run add column run_key integer references shared_limit (no);
alter table run add column key_limit integer;
alter table run add column on_conflict text;
alter table run add column held integer not null default 0;      -- 1: it waits for runs of its key to end
create index run_by_key on run (run_key, no) where run_key is not null and status in ('queued', 'running');
create index run_held on run (run_key, no) where held = 1 and status = 'queued';

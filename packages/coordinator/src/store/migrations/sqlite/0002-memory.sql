-- What agents noted down. A scope is the fold of its versions' edits; memory_scope holds the newest state.
alter table step add column memory_write text;  -- JSON {global, dag}: what the step may write; null: nothing

create table memory_scope (
  scope text primary key,                 -- `global` or `dags/<name>`
  version integer not null,
  digest text not null,                   -- SHA-256 of the canonical JSON of `entries`
  entries text not null                   -- JSON list of {id, text, source}, by id
) strict, without rowid;

create table memory_version (
  scope text not null,
  version integer not null,               -- from 1, without a gap
  digest text not null,
  at integer not null,
  cause text not null,                    -- JSON, protocol/model/memory.ts
  edits text not null,                    -- JSON list
  primary key (scope, version)
) strict, without rowid;

-- Every operation that an accepted result asked for, and what became of it. Outlives its run.
create table memory_operation (
  run_id text not null,
  step_id text not null,
  id text not null,                       -- of the worker
  position integer not null,              -- grows: the order in which they came
  scope text not null,
  operation text not null,                -- JSON; the text of what looks like a secret is not in it
  status text not null check (status in ('applied', 'merged', 'review', 'accepted', 'dismissed')),
  reason text,
  detail text not null default '',
  at integer not null,
  decided_at integer,
  primary key (run_id, step_id, id)
) strict, without rowid;

create index memory_operation_in_review on memory_operation (position) where status = 'review';
create unique index memory_operation_by_position on memory_operation (position);

-- Steps with items. Items are rows of `step` with numbers behind those of the DAG (protocol/model/item.ts); the step that they
-- are items of has a row here once they are known.
alter table step add column item text;    -- JSON: what an item is for; null: no item
alter table step add column cancel_requested integer not null default 0; -- 1: to be ended although its run goes on

create table item_group (
  run bigint not null,
  idx integer not null,                   -- the step
  total integer not null,
  waiting integer not null,               -- have not been released
  open integer not null,                  -- have not ended; those that wait are among them
  failed integer not null,
  cancelled integer not null,
  stopped integer not null,               -- 1: no more are released
  released integer not null,              -- none before this position waits
  primary key (run, idx),
  foreign key (run, idx) references step (run, idx)
) with (fillfactor = 80);                 -- its counters change with every item: room for the new version in the same page

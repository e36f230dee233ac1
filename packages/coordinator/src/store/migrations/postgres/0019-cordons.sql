-- What an operator wants of a worker: nothing new (a cordon), or nothing new and nothing left (a drain). It outlives the worker's
-- process and the coordinator's.
alter table worker add column order_no integer not null default 0;  -- grows with each order, so that an older answer changes nothing
alter table worker add column cordoned_at bigint;                  -- null: it is open
alter table worker add column cordon_reason text not null default '';
alter table worker add column drain_at bigint;                     -- null: what it has stays
alter table worker add column drain_until bigint;                  -- null: what runs may take as long as it likes

-- Whether something can be written: what readiness asks.
create table write_probe (
  one integer primary key check (one = 1),
  at bigint not null
);

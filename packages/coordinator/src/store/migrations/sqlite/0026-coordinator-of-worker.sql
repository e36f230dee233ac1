-- Where the others reach the coordinator that the worker is connected to. Null: it is connected to none, or to one that
-- nobody reaches. One that was killed leaves it behind.
alter table worker add column coordinator_url text;

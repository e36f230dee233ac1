-- Where a run stands in a trace (JSON); null: it has none.
alter table run add column trace text;

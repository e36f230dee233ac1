-- A retry is a run of its own, which keeps what the succeeded steps of the earlier one made.
alter table run add column retry_of text;

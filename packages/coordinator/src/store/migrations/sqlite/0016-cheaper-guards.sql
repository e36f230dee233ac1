-- The same guards for less. A trigger that comes before a change makes SQLite look for the row twice; a list of words makes it
-- build a table for each row, and a text that is searched calls a function, where a chain of comparisons does neither.
drop trigger step_is_final;
create trigger step_is_final after update of phase on step
when new.phase <> old.phase
  and (old.phase = 'succeeded' or old.phase = 'failed' or old.phase = 'skipped' or old.phase = 'cancelled' or old.phase = 'blocked')
begin
  select raise(abort, 'a step that has ended does not change');
end;

drop trigger step_stands_in_queue;
create trigger step_stands_in_queue after insert on step
when new.queue = 0
begin
  select raise(abort, 'a step stands in a queue');
end;

alter table step add column handler_new text check  -- null: a step of the run itself
  (handler_new is null or handler_new = 'onSuccess' or handler_new = 'onFailure' or handler_new = 'onCancel'
   or handler_new = 'onExit');
update step set handler_new = handler where handler is not null;
alter table step drop column handler;
alter table step rename column handler_new to handler;

-- Steps that are skipped, what a step has before it, and handlers.
alter table run add column outcome text;  -- how the steps ended, once they have; then the handlers run

alter table step add column unsatisfied integer not null default 0;  -- 1: one that has ended does not satisfy
alter table step add column ancestor_failed integer not null default 0;
alter table step add column ancestor_cancelled integer not null default 0;
alter table step add column continue_on_error integer not null default 0;
-- null: a step of the run itself
alter table step add column handler text check (handler in ('onSuccess', 'onFailure', 'onCancel', 'onExit'));

alter table step drop constraint step_phase_check;
alter table step add constraint step_phase_check check
  (phase in ('waiting', 'ready', 'leased', 'running', 'succeeded', 'failed', 'cancelled', 'blocked', 'skipped'));

-- Terminal phases absorb: a second guard behind the code's own (L3).
drop trigger step_is_final on step;
create trigger step_is_final before update of phase on step for each row
when (old.phase in ('succeeded', 'failed', 'cancelled', 'blocked', 'skipped') and new.phase <> old.phase)
execute function refuse_change('a step that has ended does not change');

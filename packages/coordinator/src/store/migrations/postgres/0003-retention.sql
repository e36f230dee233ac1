-- Runs are forgotten after their retention, and packs that nobody names any more are collected.

-- 1: nobody sees the run any more, and its rows are being deleted; its own row goes last.
alter table run add column forgotten integer not null default 0;

create index run_by_end on run (ended_at, id) where forgotten = 0;
create index run_forgotten on run (id) where forgotten = 1;
create index run_by_dag_digest on run (dag_digest);

-- Who names a pack, and who names a blob.
create index step_by_pin on step (pin_digest) where pin_digest is not null;
create index step_by_snapshot on step (snapshot_digest) where snapshot_digest is not null;
create index artifact_by_digest on artifact (digest);

-- Everything that a collection reads of a pack, without its bytes.
create index snapshot_by_age on snapshot (created_at, digest) include (compressed_size);

-- Packs that a person wants to stay. The reference refuses to delete one, whatever the code does.
create table kept_snapshot (
  digest text collate "C" primary key references snapshot (digest),
  name text collate "C" not null,         -- as it was asked for: a digest, or <run>/<step>
  note text not null,
  kept_at bigint not null
);

create index kept_snapshot_by_name on kept_snapshot (name);

-- A second guard behind the code's own: what has not ended is not forgotten, and nothing goes unannounced.
create trigger run_in_progress_stays before update of forgotten on run for each row
when (new.forgotten = 1 and old.status not in ('succeeded', 'failed', 'cancelled'))
execute function refuse_change('a run that has not ended is not forgotten');

create trigger run_goes_last before delete on run for each row
when (old.forgotten = 0)
execute function refuse_change('a run is forgotten before it is deleted');

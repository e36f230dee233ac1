-- Labels of runs, lists by what people ask for, and the variables that a stored DAG came with.
alter table run add column run_labels text not null default '{}'; -- JSON object

-- The same labels, to be found by.
create table run_label (
  run bigint not null references run (no),
  name text collate "C" not null,
  value text collate "C" not null,
  created_at bigint not null,             -- that of the run
  primary key (run, name)
);
create index run_label_find on run_label (name, value, created_at, run);

alter table stored_dag add column dotenv text not null default '{}'; -- JSON object: texts of files by their paths

-- Newest first by the time of submission, whatever the filter; the number of the run decides between equal times.
drop index run_by_status;
drop index run_by_dag;
create index run_by_time on run (created_at, no);
create index run_by_status on run (status, created_at, no);
create index run_by_dag on run (dag_name, created_at, no);
create index run_by_retry on run (retry_of, created_at, no) where retry_of is not null;

/** What a run was submitted with for the runs that it starts. */

export const pinnedDagInsert = {
  sqlite: `insert into pinned_dag (run, key, dag_digest, file_name) values (?1, ?2, ?3, ?4)`,
} as const;

export const pinnedStepsInsert = {
  sqlite: `insert into pinned_step (run, key, idx, pin_digest, snapshot_digest, memory_write) values (?1, ?2, ?3, ?4, ?5, ?6)`,
  postgres: `insert into pinned_step (run, key, idx, pin_digest, snapshot_digest, memory_write)
             select * from unnest($1::bigint[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[])`,
} as const;

/** A run that is done again uses what the earlier one used. */
export const pinnedDagsCarry = {
  sqlite: `insert into pinned_dag (run, key, dag_digest, file_name)
           select ?2, key, dag_digest, file_name from pinned_dag
           where run = (select coalesce(pins, no) from run where no = ?1)`,
} as const;

export const pinnedStepsCarry = {
  sqlite: `insert into pinned_step (run, key, idx, pin_digest, snapshot_digest, memory_write)
           select ?2, key, idx, pin_digest, snapshot_digest, memory_write from pinned_step
           where run = (select coalesce(pins, no) from run where no = ?1)`,
} as const;

export const pinnedDagGet = {
  sqlite: `select dag_digest, file_name from pinned_dag where run = ?1 and key = ?2`,
} as const;

export const pinnedStepsOf = {
  sqlite: `select idx, pin_digest, snapshot_digest, memory_write from pinned_step where run = ?1 and key = ?2`,
} as const;

export const pinnedStepsErase = {
  sqlite: `delete from pinned_step where run = ?1 and (key, idx) in
             (select key, idx from pinned_step where run = ?1 limit ?2)`,
} as const;

export const pinnedDagsErase = {
  sqlite: `delete from pinned_dag where run = ?1 and key in (select key from pinned_dag where run = ?1 limit ?2)
           returning dag_digest`,
} as const;

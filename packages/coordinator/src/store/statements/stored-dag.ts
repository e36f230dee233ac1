/** Stored DAGs, and what goes with them. */

export const storedDagPut = {
  sqlite: `insert into stored_dag (name, digest, source, file_name, schedules, put_at, dotenv)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
           on conflict (name) do update
           set digest = ?2, source = ?3, file_name = ?4, schedules = ?5, put_at = ?6, dotenv = ?7`,
} as const;

export const storedDagGet = { sqlite: `select * from stored_dag where name = ?1` } as const;

export const storedDagList = {
  sqlite: `select name, digest, file_name, schedules, put_at from stored_dag order by name`,
} as const;

export const storedDagDelete = { sqlite: `delete from stored_dag where name = ?1` } as const;

/** Those from a place on. */
export const schedulesDelete = {
  sqlite: `delete from schedule where dag_name = ?1 and idx >= ?2`,
} as const;

export const ticksDelete = {
  sqlite: `delete from schedule_tick where dag_name = ?1 and idx >= ?2`,
} as const;

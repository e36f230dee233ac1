/** Whether the database can be used. */

export const probeWrite = {
  sqlite: `insert into write_probe (one, at) values (1, ?1) on conflict (one) do update set at = ?1`,
} as const;

/** Steps that may start, and since when there is the oldest run that has one. */
export const readyFigures = {
  sqlite: `select count(*) as ready, min(run.created_at) as oldest from step join run on run.no = step.run
           where phase = 'ready'`,
} as const;

export const schemaNewest = {
  sqlite: `select coalesce(max(version), 0) as version from migration`,
} as const;

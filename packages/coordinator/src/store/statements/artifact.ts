export const artifactsInsert = {
  sqlite: `insert into artifact (run, idx, path, digest, size, executable) values (?1, ?2, ?3, ?4, ?5, ?6)`,
  postgres: `insert into artifact (run, idx, path, digest, size, executable)
             select * from unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::bigint[], $6::integer[])`,
} as const;

export const artifactsOfRun = {
  sqlite: `select idx, path, digest, size, executable from artifact where run = ?1 and idx < ?2 order by idx, path`,
} as const;

export const artifactsOfStep = {
  sqlite: `select idx, path, digest, size, executable from artifact where run = ?1 and idx = ?2 order by path`,
} as const;

/** Milliseconds since 1970, by the clock of the database. */
export const clockNow = {
  sqlite: `select cast(unixepoch('subsec') * 1000 as integer) as now`,
  postgres: `select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now`,
} as const;

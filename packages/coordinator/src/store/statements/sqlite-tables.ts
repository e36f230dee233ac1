/** Tables by what they are, whatever is in them: for copies and their counts. */

export const tableNames = {
  sqlite: `select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name`,
} as const;

/** @param table one of {@link tableNames} */
export const rowsCount = (table: string) => ({ sqlite: `select count(*) as count from "${table}"` }) as const;

/** 0: no migration was ever applied. */
export const schemaVersion = {
  sqlite: `select coalesce(max(version), 0) as version from migration`,
} as const;

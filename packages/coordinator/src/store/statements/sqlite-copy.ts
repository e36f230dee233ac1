/** What tables there are in SQLite, what they refer to, and all of their rows. Names come from the database itself. */

export const tableColumns = {
  sqlite: `select name from pragma_table_info(?1) order by cid`,
} as const;

export const tableParents = {
  sqlite: `select distinct "table" as parent from pragma_foreign_key_list(?1)`,
} as const;

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

export const rowsOf = (table: string, columns: readonly string[]): string =>
  `select ${quoted(columns)} from "${table}"`;

export const rowInsert = (table: string, columns: readonly string[]): string =>
  `insert into "${table}" (${quoted(columns)}) values (${columns.map((_, at) => `?${at + 1}`).join(", ")})`;

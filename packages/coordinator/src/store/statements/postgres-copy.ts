/** The same tables in PostgreSQL: all rows in, all rows out. */

export interface PostgresColumn {
  readonly name: string;
  /** As in `bigint`. */
  readonly type: string;
}

const quoted = (columns: readonly PostgresColumn[]): string =>
  columns.map(({ name }) => `"${name}"`).join(", ");

export const columnsOf = `select column_name as name, data_type as type, is_identity = 'YES' as counts
                          from information_schema.columns
                          where table_schema = current_schema() and table_name = $1`;

export const tableIsEmpty = (table: string): string =>
  `select not exists (select 1 from "${table}") as empty`;

/** `$n` is the list of the n-th values. */
export const rowsInsert = (table: string, columns: readonly PostgresColumn[]): string =>
  `insert into "${table}" (${quoted(columns)}) overriding system value
   select * from unnest(${columns.map(({ type }, at) => `$${at + 1}::${type}[]`).join(", ")})`;

/** What counts goes on after what is there. */
export const counterMove = (table: string, column: string): string =>
  `select setval(pg_get_serial_sequence('"${table}"', '${column}'), coalesce((select max("${column}") from "${table}"), 1),
                 exists (select 1 from "${table}"))`;

export const rowsCursor = (table: string, columns: readonly PostgresColumn[]): string =>
  `declare copied no scroll cursor for select ${quoted(columns)} from "${table}"`;

export const cursorNext = (count: number): string => `fetch ${count} from copied`;
export const cursorEnd = `close copied`;

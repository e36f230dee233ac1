/** SQL as text that can be pasted into a shell, one dialect under the other. */

export interface Statement {
  readonly sqlite: string;
  /** Only where PostgreSQL needs other words; absent: the same text, `?1` written as `$1`. */
  readonly postgres?: string;
}

/** For many rows at once: one after the other where a statement costs nothing but itself, in one message where it is a round trip. */
export interface BulkStatement {
  /** Of one row. */
  readonly sqlite: string;
  /** Absent: it is no insert that can have several rows. On SQLite as many go into one statement as it is worth. */
  readonly rows?: "many";
  /** Of all rows: `$n` is the list of the n-th values. */
  readonly postgres: string;
}

export type SqlValue = null | number | string | Uint8Array;

export type Row = Readonly<Record<string, unknown>>;

/** An engine with a network in between answers later; the embedded one at once. Verbs await either. */
export type Answer<T> = T | Promise<T>;

/** One open transaction. */
export interface Tx {
  all(statement: Statement, ...params: SqlValue[]): Answer<readonly Row[]>;
  /** The first row, or undefined. */
  one(statement: Statement, ...params: SqlValue[]): Answer<Row | undefined>;
  /** The number of rows that changed. */
  run(statement: Statement, ...params: SqlValue[]): Answer<number>;
  /** What the statement answers for each of these rows, in any order. */
  each(statement: BulkStatement, rows: readonly (readonly SqlValue[])[]): Answer<readonly Row[]>;
  /** For which of these rows, by their positions, the statement changed something. On PostgreSQL it returns `place`. */
  change(statement: BulkStatement, rows: readonly (readonly SqlValue[])[]): Answer<ReadonlySet<number>>;
}

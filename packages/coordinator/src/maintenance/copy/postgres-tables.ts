/** Tables on their way into PostgreSQL and out of it, inside a transaction of the caller. */

import type { DatabaseSync } from "node:sqlite";
import { FaultError, present } from "@haversack/base";
import type { PostgresConnection } from "../../store/postgres-connection.ts";
import { text } from "../../store/rows.ts";
import {
  columnsOf,
  counterMove,
  cursorEnd,
  cursorNext,
  type PostgresColumn,
  rowsCursor,
  rowsInsert,
  tableIsEmpty,
} from "../../store/statements/postgres-copy.ts";
import { rowInsert, rowsOf } from "../../store/statements/sqlite-copy.ts";
import { TableDigest, type TableSum } from "./table-digest.ts";
import type { PlannedTable } from "./table-plan.ts";

export interface CopiedTable extends TableSum {
  readonly table: string;
}

const rowsPerBatch = 500;
const bytesPerBatch = 4 * 1024 * 1024;

/** Puts all rows in, reads them back, and compares. Rejects with FaultError `corrupt` when they differ. */
export async function copyIn(
  db: DatabaseSync,
  to: PostgresConnection,
  table: PlannedTable,
): Promise<CopiedTable> {
  const columns = await postgresColumns(to, table);
  const sent = new TableDigest();
  let batch: unknown[][] = [];
  let bytes = 0;
  const send = async (): Promise<void> => {
    const values = columns.map((_, at) => batch.map((row) => row[at]));
    if (batch.length > 0) await to.query(rowsInsert(table.name, columns), values);
    batch = [];
    bytes = 0;
  };
  for (const row of db.prepare(rowsOf(table.name, table.columns)).iterate()) {
    const values = table.columns.map((name) => row[name]);
    sent.add(values);
    batch.push(values);
    bytes += sizeOf(values);
    if (batch.length === rowsPerBatch || bytes > bytesPerBatch) await send();
  }
  await send();
  for (const { name, counts } of columns) if (counts) await to.query(counterMove(table.name, name));
  const arrived = new TableDigest();
  for await (const rows of rowsIn(to, table.name, columns)) for (const row of rows) arrived.add(row);
  return compared(table.name, sent.sum, arrived.sum);
}

/** All rows out into a table that has the same columns, read back and compared. */
export async function copyOut(
  from: PostgresConnection,
  db: DatabaseSync,
  table: PlannedTable,
): Promise<CopiedTable> {
  const columns = await postgresColumns(from, table);
  const insert = db.prepare(rowInsert(table.name, table.columns));
  const read = new TableDigest();
  for await (const rows of rowsIn(from, table.name, columns)) {
    for (const row of rows) {
      read.add(row);
      insert.run(...(row as string[]));
    }
  }
  const arrived = new TableDigest();
  for (const row of db.prepare(rowsOf(table.name, table.columns)).iterate())
    arrived.add(table.columns.map((name) => row[name]));
  return compared(table.name, read.sum, arrived.sum);
}

export async function isEmpty(connection: PostgresConnection, table: string): Promise<boolean> {
  return (await connection.query(tableIsEmpty(table))).rows[0]?.["empty"] === true;
}

interface KnownColumn extends PostgresColumn {
  /** It numbers the rows itself. */
  readonly counts: boolean;
}

async function postgresColumns(
  connection: PostgresConnection,
  { name, columns }: PlannedTable,
): Promise<KnownColumn[]> {
  const { rows } = await connection.query(columnsOf, [name]);
  const known = new Map(rows.map((row) => [text(row, "name"), row]));
  return columns.map((column) => {
    const row = present(known.get(column), `column ${column} of ${name} in PostgreSQL`);
    return { name: column, type: text(row, "type"), counts: row["counts"] === true };
  });
}

async function* rowsIn(
  connection: PostgresConnection,
  table: string,
  columns: readonly PostgresColumn[],
): AsyncIterable<unknown[][]> {
  await connection.query(rowsCursor(table, columns));
  for (;;) {
    const { rows } = await connection.query(cursorNext(rowsPerBatch));
    if (rows.length === 0) break;
    yield rows.map((row) => columns.map(({ name }) => row[name]));
  }
  await connection.query(cursorEnd);
}

function sizeOf(values: readonly unknown[]): number {
  return values.reduce<number>(
    (sum, value) => sum + (value instanceof Uint8Array || typeof value === "string" ? value.length : 8),
    0,
  );
}

function compared(table: string, from: TableSum, to: TableSum): CopiedTable {
  if (from.rows === to.rows && from.digest === to.digest) return { table, ...from };
  const message = `table ${table}: ${from.rows} rows with digest ${from.digest} became ${to.rows} with ${to.digest}; nothing was changed`;
  throw new FaultError("corrupt", "copy_differs", message);
}

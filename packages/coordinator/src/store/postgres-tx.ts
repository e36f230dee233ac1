/** An open transaction on a PostgreSQL connection. Statements are prepared once for each connection. */

import type { PostgresConnection } from "./postgres-connection.ts";
import { preparedText } from "./postgres-text.ts";
import { integer } from "./rows.ts";
import type { BulkStatement, Row, SqlValue, Statement, Tx } from "./statement.ts";

export class PostgresTx implements Tx {
  readonly #connection: PostgresConnection;
  /** A statement was asked that changes rows, or one failed: only a rollback undoes what this call has done. */
  dirty = false;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async all(statement: Statement, ...params: SqlValue[]): Promise<readonly Row[]> {
    return (await this.#ask(statement, params)).rows;
  }

  async one(statement: Statement, ...params: SqlValue[]): Promise<Row | undefined> {
    return (await this.#ask(statement, params)).rows[0];
  }

  async run(statement: Statement, ...params: SqlValue[]): Promise<number> {
    return (await this.#ask(statement, params)).rowCount;
  }

  async each(statement: BulkStatement, rows: readonly (readonly SqlValue[])[]): Promise<readonly Row[]> {
    if (rows.length === 0) return [];
    const columns = (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] ?? null));
    return (await this.#ask(statement, columns)).rows;
  }

  async change(
    statement: BulkStatement,
    rows: readonly (readonly SqlValue[])[],
  ): Promise<ReadonlySet<number>> {
    return new Set((await this.each(statement, rows)).map((row) => integer(row, "place") - 1));
  }

  async #ask(statement: Statement, params: readonly (SqlValue | readonly SqlValue[])[]) {
    const { name, text, writes } = preparedText(statement);
    this.dirty ||= writes;
    try {
      return await this.#connection.query(text, params, name);
    } catch (error) {
      this.dirty = true;
      throw error;
    }
  }
}

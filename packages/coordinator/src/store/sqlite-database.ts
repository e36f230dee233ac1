/** Opens an embedded database the way that its promises need, and checks that it really is open that way. */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { FaultError, invariant, messageOf } from "@haversack/base";
import { migrate, readMigrations } from "./migrate.ts";
import type { BulkStatement, Row, SqlValue, Statement, Tx } from "./statement.ts";

/** Rows that one insert takes: most of a statement's own cost is shared by then. */
const rowsAtOnce = 32;

export interface SqliteOptions {
  readonly file: string;
  /** Absent: opened for reading, by a file that somebody else migrates. */
  readonly migrations?: string;
}

export function openSqlite(options: SqliteOptions): DatabaseSync {
  try {
    const readOnly = options.migrations === undefined;
    const db = new DatabaseSync(options.file, { readOnly, enableForeignKeyConstraints: true, timeout: 5000 });
    if (options.migrations !== undefined) prepareForWriting(db, options.file, options.migrations);
    return db;
  } catch (error) {
    if (error instanceof FaultError) throw error;
    const advice = "check that its folder exists, is writable and has space";
    throw new FaultError(
      "unavailable",
      "database_unusable",
      `cannot use ${options.file}: ${messageOf(error)}; ${advice}`,
      {
        cause: error,
      },
    );
  }
}

function prepareForWriting(db: DatabaseSync, file: string, migrations: string): void {
  db.exec("pragma journal_mode = wal");
  // Some builds default to NORMAL with WAL, which loses acknowledged commits in a power cut.
  db.exec("pragma synchronous = full");
  // Room for what one transaction touches, and a checkpoint only when many of them have touched the same pages.
  db.exec("pragma cache_size = -65536; pragma wal_autocheckpoint = 8000");
  expectPragma(db, "journal_mode", "wal");
  expectPragma(db, "synchronous", 2);
  migrate(db, readMigrations(migrations), file);
}

function expectPragma(db: DatabaseSync, name: string, expected: string | number): void {
  const found = db.prepare(`pragma ${name}`).get()?.[name];
  if (found === expected) return;
  const message = `SQLite has ${name} = ${String(found)} where ${expected} was asked for: durability is not assured`;
  throw new FaultError("unavailable", "not_durable", message);
}

/** A transaction that is open on this connection; statements are prepared once. */
export class SqliteTx implements Tx {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<Statement, StatementSync>();
  readonly #wide = new Map<Statement, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  all(statement: Statement, ...params: SqlValue[]): readonly Row[] {
    return this.#prepare(statement).all(...params);
  }

  one(statement: Statement, ...params: SqlValue[]): Row | undefined {
    return this.#prepare(statement).get(...params);
  }

  run(statement: Statement, ...params: SqlValue[]): number {
    return Number(this.#prepare(statement).run(...params).changes);
  }

  each(statement: BulkStatement, rows: readonly (readonly SqlValue[])[]): readonly Row[] {
    if (statement.rows === "many") {
      this.#insert(statement, rows);
      return [];
    }
    const prepared = this.#prepare(statement);
    const answers: Row[] = [];
    for (const row of rows) {
      for (const answer of prepared.all(...row)) answers.push(answer);
    }
    return answers;
  }

  change(statement: BulkStatement, rows: readonly (readonly SqlValue[])[]): ReadonlySet<number> {
    const prepared = this.#prepare(statement);
    const changed = new Set<number>();
    for (const [place, row] of rows.entries()) {
      if (prepared.run(...row).changes > 0) changed.add(place);
    }
    return changed;
  }

  #insert(statement: BulkStatement, rows: readonly (readonly SqlValue[])[]): void {
    const whole = rows.length - (rows.length % rowsAtOnce);
    for (let from = 0; from < whole; from += rowsAtOnce) {
      const values = rows.slice(from, from + rowsAtOnce).flat();
      (this.#wide.get(statement) ?? this.#widen(statement)).run(...values);
    }
    for (const row of rows.slice(whole)) this.#prepare(statement).run(...row);
  }

  #widen(statement: BulkStatement): StatementSync {
    const fresh = this.#db.prepare(manyRows(statement.sqlite));
    this.#wide.set(statement, fresh);
    return fresh;
  }

  #prepare(statement: Statement): StatementSync {
    const known = this.#prepared.get(statement);
    if (known !== undefined) return known;
    const fresh = this.#db.prepare(statement.sqlite);
    this.#prepared.set(statement, fresh);
    return fresh;
  }
}

/** The same insert with the values of {@link rowsAtOnce} rows. */
export function manyRows(sql: string): string {
  const [, start, row = ""] = /^(.* values )(\(\?1(?:, \?\d+)*\))$/su.exec(sql) ?? [];
  invariant(start !== undefined, `an insert of one row with all its values as parameters: ${sql}`);
  return start + Array.from({ length: rowsAtOnce }, () => row.replaceAll(/\?\d+/gu, "?")).join(", ");
}

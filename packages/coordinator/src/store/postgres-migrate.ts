/**
 * Numbered, forward-only migrations, as for the embedded engine: each in a transaction with its version row. Two
 * coordinators that start at once are safe: the second waits for the first. A schema of a later version is refused.
 */

import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { FaultError } from "@haversack/base";
import { type Generation, parseGeneration } from "@haversack/protocol";
import { type Migration, readMigrations } from "./migrate.ts";
import { PostgresConnection } from "./postgres-connection.ts";
import { describeDatabase } from "./postgres-url.ts";
import { integer, text } from "./rows.ts";
import { lifeGet, lifePut, migrationLock, versionStatements } from "./statements/postgres-schema.ts";

export type SchemaName = "postgres" | "postgres-logs";

export interface Migrated {
  /** How many steps were applied. */
  readonly applied: number;
  /** System identifier and timeline of the server. */
  readonly cluster: string;
  /** Absent for logs. */
  readonly generation?: Generation;
}

export async function migratePostgres(
  url: string,
  name: SchemaName,
  all = migrationsOf(name),
): Promise<Migrated> {
  const connection = await PostgresConnection.open(url, 0);
  try {
    // Held until the connection ends. A long migration of another coordinator is waited for.
    await connection.query("set statement_timeout = 0; set lock_timeout = 0");
    await connection.query(migrationLock);
    const applied = await migrate(connection, name, all, describeDatabase(url));
    const { cluster } = connection;
    if (name === "postgres-logs") return { applied, cluster };
    return { applied, cluster, generation: await liveIn(connection) };
  } finally {
    await connection.close();
  }
}

function migrationsOf(name: SchemaName): readonly Migration[] {
  return readMigrations(fileURLToPath(new URL(`./migrations/${name}`, import.meta.url)));
}

async function migrate(
  connection: PostgresConnection,
  name: SchemaName,
  all: readonly Migration[],
  where: string,
): Promise<number> {
  const versions = versionStatements[name];
  await connection.query(versions.prepare);
  const { rows } = await connection.query(versions.newest);
  const current = integer(rows[0] ?? {}, "version");
  const newest = all.at(-1)?.version ?? 0;
  if (current > newest) {
    const message = `${where} has schema ${current}, this version knows ${newest}: start the version that made it, or a later one`;
    throw new FaultError("conflict", "newer_schema", message);
  }
  const due = all.filter(({ version }) => version > current);
  for (const { version, name, sql } of due) {
    await connection.query("begin");
    try {
      await connection.query(versions.insert, [version, name]);
      await connection.query(sql);
      await connection.query("commit");
    } catch (error) {
      await connection.query("rollback");
      throw error;
    }
  }
  return due.length;
}

/** The generation grows when this is another server or timeline than the one that issued the last fences (P10). */
async function liveIn(connection: PostgresConnection): Promise<Generation> {
  const { cluster } = connection;
  const [row] = (await connection.query(lifeGet)).rows;
  if (row !== undefined && text(row, "cluster") === cluster) return parseGeneration(text(row, "generation"));
  const counter = row === undefined ? 1 : Number.parseInt(text(row, "generation"), 10) + 1;
  const generation = parseGeneration(`${counter}-${randomBytes(8).toString("hex")}`);
  await connection.query(lifePut, [generation, cluster]);
  return generation;
}

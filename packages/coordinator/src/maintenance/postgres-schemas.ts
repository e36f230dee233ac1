/** Which schema a PostgreSQL database has, and what this version would do to it. */

import { fileURLToPath } from "node:url";
import { FaultError } from "@haversack/base";
import { type Migration, readMigrations } from "../store/migrate.ts";
import { PostgresConnection } from "../store/postgres-connection.ts";
import type { SchemaName } from "../store/postgres-migrate.ts";
import { describeDatabase } from "../store/postgres-url.ts";
import { integer } from "../store/rows.ts";
import { versionStatements } from "../store/statements/postgres-schema.ts";
import type { DueMigrations } from "./schema-versions.ts";

const names = ["postgres", "postgres-logs"] as const satisfies SchemaName[];

const migrationsOf = (name: SchemaName): readonly Migration[] =>
  readMigrations(fileURLToPath(new URL(`../store/migrations/${name}`, import.meta.url)));

/** Rejects with FaultError `conflict` when a later version made it. */
export async function duePostgres(url: string): Promise<DueMigrations[]> {
  const connection = await PostgresConnection.open(url);
  try {
    return await dueOn(connection, describeDatabase(url));
  } finally {
    await connection.close();
  }
}

/** Rejects with FaultError `conflict` unless it is that of this version, `missing` when there is none. */
export async function refusePostgresSchema(connection: PostgresConnection, where: string): Promise<void> {
  for (const { schema, due } of await dueOn(connection, where)) {
    if (schema === 0) {
      const message = `${where} has no tables of a coordinator: check the address and its search_path`;
      throw new FaultError("missing", "no_database", message);
    }
    if (due.length === 0) continue;
    const message = `${where} has schema ${schema}, this version works on ${due.at(-1)?.version}: haversack store migrate`;
    throw new FaultError("conflict", "older_schema", message);
  }
}

async function dueOn(connection: PostgresConnection, where: string): Promise<DueMigrations[]> {
  const found: DueMigrations[] = [];
  for (const name of names) {
    const { isThere, newest } = versionStatements[name];
    const there = (await connection.query(isThere)).rows[0]?.["there"] === true;
    const schema = there ? integer((await connection.query(newest)).rows[0] ?? {}, "version") : 0;
    const all = migrationsOf(name);
    const known = all.at(-1)?.version ?? 0;
    if (schema > known) {
      const message = `${where} has schema ${schema}, this version knows ${known}: use the version that made it, or a later one`;
      throw new FaultError("conflict", "newer_schema", message);
    }
    found.push({ name, schema, due: all.filter(({ version }) => version > schema) });
  }
  return found;
}

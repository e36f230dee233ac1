/**
 * A schema of its own for each test, in the database that `TEST_POSTGRES_URL` names. Without it these tests are
 * skipped, which the output says; where everything has to be tested (`CI=true`), that is a failure.
 */

import { randomBytes } from "node:crypto";
import { type Ports, silentLog, systemClock, systemRandom } from "@haversack/base";
import { Client } from "pg";
import { describe } from "vitest";

const given = process.env["TEST_POSTGRES_URL"] ?? "";

export const silentPorts: Ports = { clock: systemClock, random: systemRandom, log: silentLog };

export interface TempSchema extends AsyncDisposable {
  /** Whoever connects by it sees only this schema. */
  readonly url: string;
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

export async function tempSchema(): Promise<TempSchema> {
  if (given === "") {
    throw new Error("TEST_POSTGRES_URL is not set: with CI=true every engine has to be tested");
  }
  const name = `test_${randomBytes(8).toString("hex")}`;
  const url = new URL(given);
  url.searchParams.set("options", `-csearch_path=${name}`);
  const client = new Client({ connectionString: url.href });
  await client.connect();
  await client.query(`create schema ${name}`);
  return {
    url: url.href,
    query: async (sql, values) => (await client.query<Record<string, unknown>>(sql, values)).rows,
    async [Symbol.asyncDispose]() {
      await client.query(`drop schema ${name} cascade`);
      await client.end();
    },
  };
}

/** The tests of `body`, where there is a PostgreSQL. */
export function withPostgres(name: string, body: () => void): void {
  const isSkipped = given === "" && process.env["CI"] !== "true";
  const told = "skipped: set TEST_POSTGRES_URL=postgres://USER@HOST:PORT/DATABASE to run it on PostgreSQL";
  describe.skipIf(isSkipped)(isSkipped ? `${name} (${told})` : name, () => {
    body();
  });
}

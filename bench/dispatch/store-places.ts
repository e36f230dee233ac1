/** Where a benchmark keeps a store: a folder of its own, and on PostgreSQL a schema of its own, gone afterwards. */

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, silentLog, systemClock, systemRandom } from "@haversack/base";
import { Client } from "pg";
import { openPostgresStore } from "../../packages/coordinator/src/store/postgres-store.ts";
import { openSqliteStore } from "../../packages/coordinator/src/store/sqlite-store.ts";
import type { Store } from "../../packages/coordinator/src/store/store.ts";

export interface StorePlace extends AsyncDisposable {
  /** The data folder of a coordinator. */
  readonly folder: string;
  /** What a coordinator on this store has in its environment. */
  readonly env: Readonly<Record<string, string>>;
  open(): Promise<Store>;
}

export type NewPlace = (parent: string) => Promise<StorePlace>;

/**
 * @param asked `sqlite`, `postgres` (the server that `HAVERSACK_STORE` or `TEST_POSTGRES_URL` names), or `postgres://...`
 */
export function placesFor(asked: string): NewPlace {
  if (asked === "sqlite") return sqlitePlace;
  const { HAVERSACK_STORE, TEST_POSTGRES_URL } = process.env;
  const given = asked === "postgres" ? (HAVERSACK_STORE ?? TEST_POSTGRES_URL ?? "") : asked;
  if (/^postgres(ql)?:\/\//.test(given)) return (parent) => postgresPlace(parent, new URL(given));
  const message =
    asked === "postgres"
      ? "which server? Set HAVERSACK_STORE=postgres://USER@HOST:PORT/DATABASE, or name it after --store"
      : `--store is sqlite, postgres or postgres://..., not ${JSON.stringify(asked)}`;
  throw new FaultError("invalid", "bad_store", message);
}

async function sqlitePlace(parent: string): Promise<StorePlace> {
  const folder = await mkdtemp(join(parent, "store-"));
  return {
    folder,
    env: { HAVERSACK_STORE: "" },
    open: () => openSqliteStore(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

async function postgresPlace(parent: string, server: URL): Promise<StorePlace> {
  const folder = await mkdtemp(join(parent, "store-"));
  const schema = `haversack_bench_${randomBytes(6).toString("hex")}`;
  const own = new URL(server);
  own.searchParams.set("options", `-csearch_path=${schema}`);
  await once(server, `create schema ${schema}`);
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  return {
    folder,
    env: { HAVERSACK_STORE: own.href },
    open: () => openPostgresStore({ url: own.href, ports }),
    async [Symbol.asyncDispose]() {
      await once(server, `drop schema ${schema} cascade`);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function once(server: URL, sql: string): Promise<void> {
  const client = new Client({ connectionString: server.href });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

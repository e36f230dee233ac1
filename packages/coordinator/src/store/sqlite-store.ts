/** The embedded engine: one writing thread and one reading thread on `haversack.db`, the same for `logs.db`. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FaultError } from "@haversack/base";
import { readGeneration } from "./generation.ts";
import type { Dying, LogStore, Store } from "./store.ts";
import { ThreadClient } from "./thread-client.ts";
import { logReadVerbs, logWriteVerbs, readVerbs, writeVerbs } from "./verb-tables.ts";

const migrationsOf = (name: string): string =>
  fileURLToPath(new URL(`./migrations/${name}`, import.meta.url));

interface Pair {
  readonly writer: ThreadClient;
  readonly reader: ThreadClient;
}

async function openPair(
  file: string,
  migrations: string,
  roles: readonly ["write" | "log-write", "read" | "log-read"],
) {
  const writer = await ThreadClient.open({ role: roles[0], file, migrations: migrationsOf(migrations) });
  try {
    return { writer, reader: await ThreadClient.open({ role: roles[1], file }) };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

const died = ({ writer, reader }: Pair): Promise<FaultError> =>
  Promise.race([writer.died.promise, reader.died.promise]);

async function close({ writer, reader }: Pair): Promise<void> {
  await reader.close();
  await writer.close();
}

/** @param folder exists and is ours alone */
export async function openSqliteStore(folder: string): Promise<Store & Dying> {
  const pair = await openPair(join(folder, "haversack.db"), "sqlite", ["write", "read"]);
  return {
    generation: await readGeneration(folder),
    write: pair.writer.calls<Store["write"]>(writeVerbs),
    read: pair.reader.calls<Store["read"]>(readVerbs),
    listen: (listener) => pair.writer.listen(listener),
    died: died(pair),
    [Symbol.asyncDispose]: () => close(pair),
  };
}

/** @param folder exists and is ours alone */
export async function openSqliteLogStore(folder: string): Promise<LogStore & Dying> {
  const pair = await openPair(join(folder, "logs.db"), "sqlite-logs", ["log-write", "log-read"]);
  return {
    write: pair.writer.calls<LogStore["write"]>(logWriteVerbs),
    read: pair.reader.calls<LogStore["read"]>(logReadVerbs),
    listen: (listener) => pair.writer.listen(listener),
    died: died(pair),
    [Symbol.asyncDispose]: () => close(pair),
  };
}

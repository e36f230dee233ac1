/** The engine that was asked for: PostgreSQL by its address, else the embedded one in the data folder. */

import type { Ports } from "@haversack/base";
import { openPostgresLogStore, openPostgresStore } from "./postgres-store.ts";
import { openSqliteLogStore, openSqliteStore } from "./sqlite-store.ts";
import type { Dying, LogStore, Store } from "./store.ts";

export interface Stores {
  readonly store: Store & Dying;
  readonly logs: LogStore & Dying;
}

/** @returns what could be opened of the two; the caller closes it whatever became of the other */
export async function openStores(
  folder: string,
  url: string | undefined,
  ports: Ports,
): Promise<{ readonly [Name in keyof Stores]: PromiseSettledResult<Stores[Name]> }> {
  const [store, logs] = await Promise.allSettled(
    url === undefined
      ? ([openSqliteStore(folder), openSqliteLogStore(folder)] as const)
      : ([openPostgresStore({ url, ports }), openPostgresLogStore({ url, ports })] as const),
  );
  return { store, logs };
}

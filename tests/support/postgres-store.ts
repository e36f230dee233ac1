/** The PostgreSQL engine on a schema of its own. */

import { openPostgresStore } from "../../packages/coordinator/src/store/postgres-store.ts";
import type { Store } from "../../packages/coordinator/src/store/store.ts";
import type { OpenStore } from "../conformance/store/describe-store.ts";
import { silentPorts, tempSchema } from "./postgres.ts";

export const openPostgres: OpenStore = async () => {
  const schema = await tempSchema();
  const store = await openPostgresStore({ url: schema.url, ports: silentPorts });
  return {
    ...store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await schema[Symbol.asyncDispose]();
    },
  };
};

/** Two coordinators' stores on one schema, each with what a test does with it. */
export async function twoOnPostgres<World>(worldOf: (store: Store) => World) {
  const schema = await tempSchema();
  const open = () => openPostgresStore({ url: schema.url, ports: silentPorts });
  const stores = await Promise.all([open(), open()]);
  return {
    schema,
    worlds: stores.map(worldOf) as [World, World],
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store[Symbol.asyncDispose]();
      await schema[Symbol.asyncDispose]();
    },
  };
}

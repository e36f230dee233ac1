/** The PostgreSQL engine on a schema of its own. */

import { openPostgresStore } from "../../packages/coordinator/src/store/postgres-store.ts";
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

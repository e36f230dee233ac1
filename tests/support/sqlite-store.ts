/** The embedded engine on a folder of its own. */

import { openSqliteStore } from "../../packages/coordinator/src/store/sqlite-store.ts";
import type { OpenStore } from "../conformance/store/describe-store.ts";
import { tempFolder } from "./temp-folder.ts";

export const openSqlite: OpenStore = async () => {
  const folder = await tempFolder();
  const store = await openSqliteStore(folder.path);
  return {
    ...store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
};

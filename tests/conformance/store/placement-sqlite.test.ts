import { openSqliteStore } from "../../../packages/coordinator/src/store/sqlite-store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { describeLimits } from "./describe-limits.ts";
import { describeRunKeys } from "./describe-run-keys.ts";
import type { OpenStore } from "./describe-store.ts";

const open: OpenStore = async () => {
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

describeLimits("sqlite", open);
describeRunKeys("sqlite", open);

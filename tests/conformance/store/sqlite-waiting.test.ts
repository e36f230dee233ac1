import { openSqliteStore } from "../../../packages/coordinator/src/store/sqlite-store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import type { OpenStore } from "./describe-store.ts";
import { describeWaiting } from "./describe-waiting.ts";

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

describeWaiting("sqlite", open);

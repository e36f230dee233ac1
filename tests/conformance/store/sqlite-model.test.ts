import { openSqliteStore } from "../../../packages/coordinator/src/store/sqlite-store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { describeChildrenModel } from "./children-model.ts";
import { describeStoreModel } from "./model.ts";
import { describeRetentionModel } from "./retention-model.ts";

const open = async () => {
  const folder = await tempFolder();
  const store = await openSqliteStore(folder.path);
  const dispose = async () => {
    await store[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  };
  return { ...store, [Symbol.asyncDispose]: dispose };
};

describeStoreModel("sqlite", open, 300);
describeChildrenModel("sqlite", open, 60);
describeRetentionModel("sqlite", open, 150);

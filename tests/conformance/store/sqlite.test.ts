import { openSqliteStore } from "../../../packages/coordinator/src/store/sqlite-store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { describeChildren } from "./describe-children.ts";
import { describeLeader } from "./describe-leader.ts";
import { describeMemory } from "./describe-memory.ts";
import { describeRetention } from "./describe-retention.ts";
import { describeRuns } from "./describe-runs.ts";
import { describeSchedules } from "./describe-schedules.ts";
import { describeStore, type OpenStore } from "./describe-store.ts";

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

describeStore("sqlite", open);
describeChildren("sqlite", open);
describeLeader("sqlite", open);
describeRuns("sqlite", open);
describeMemory("sqlite", open);
describeRetention("sqlite", open);
describeSchedules("sqlite", open);

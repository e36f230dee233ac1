import { openSqliteStore } from "../../../packages/coordinator/src/store/sqlite-store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { describeHandlers } from "./describe-handlers.ts";
import { describeItems } from "./describe-items.ts";
import { describeLeader } from "./describe-leader.ts";
import { describeLists } from "./describe-lists.ts";
import { describeMemory } from "./describe-memory.ts";
import { describeOutcomes } from "./describe-outcomes.ts";
import { describeRetention } from "./describe-retention.ts";
import { describeRetry } from "./describe-retry.ts";
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
describeItems("sqlite", open);
describeLists("sqlite", open);
describeLeader("sqlite", open);
describeMemory("sqlite", open);
describeRetry("sqlite", open);
describeOutcomes("sqlite", open);
describeHandlers("sqlite", open);
describeRetention("sqlite", open);
describeSchedules("sqlite", open);

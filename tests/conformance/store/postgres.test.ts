import { vi } from "vitest";
import { withPostgres } from "../../support/postgres.ts";
import { openPostgres } from "../../support/postgres-store.ts";
import { describeHandlers } from "./describe-handlers.ts";
import { describeItems } from "./describe-items.ts";
import { describeLeader } from "./describe-leader.ts";
import { describeLists } from "./describe-lists.ts";
import { describeMemory } from "./describe-memory.ts";
import { describeOutcomes } from "./describe-outcomes.ts";
import { describeRetention } from "./describe-retention.ts";
import { describeRetry } from "./describe-retry.ts";
import { describeSchedules } from "./describe-schedules.ts";
import { describeStore } from "./describe-store.ts";

// A run of 100,000 steps is as many round trips, and more.
vi.setConfig({ testTimeout: 240_000 });

withPostgres("postgres", () => {
  describeStore("postgres", openPostgres);
  describeItems("postgres", openPostgres);
  describeLists("postgres", openPostgres);
  describeLeader("postgres", openPostgres);
  describeMemory("postgres", openPostgres);
  describeRetry("postgres", openPostgres);
  describeOutcomes("postgres", openPostgres);
  describeHandlers("postgres", openPostgres);
  describeRetention("postgres", openPostgres);
  describeSchedules("postgres", openPostgres);
});

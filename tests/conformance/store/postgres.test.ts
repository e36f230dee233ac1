import { vi } from "vitest";
import { withPostgres } from "../../support/postgres.ts";
import { openPostgres } from "../../support/postgres-store.ts";
import { describeChildren } from "./describe-children.ts";
import { describeLeader } from "./describe-leader.ts";
import { describeMemory } from "./describe-memory.ts";
import { describeOrders } from "./describe-orders.ts";
import { describePeople } from "./describe-people.ts";
import { describeRetention } from "./describe-retention.ts";
import { describeRuns } from "./describe-runs.ts";
import { describeSchedules } from "./describe-schedules.ts";
import { describeStore } from "./describe-store.ts";

// A run of 100,000 steps is as many round trips, and more.
vi.setConfig({ testTimeout: 240_000 });

withPostgres("postgres", () => {
  describeStore("postgres", openPostgres);
  describeChildren("postgres", openPostgres);
  describePeople("postgres", openPostgres);
  describeLeader("postgres", openPostgres);
  describeRuns("postgres", openPostgres);
  describeMemory("postgres", openPostgres);
  describeOrders("postgres", openPostgres);
  describeRetention("postgres", openPostgres);
  describeSchedules("postgres", openPostgres);
});

import { openSqlite } from "../../support/sqlite-store.ts";
import { describeChildren } from "./describe-children.ts";
import { describeLeader } from "./describe-leader.ts";
import { describeMemory } from "./describe-memory.ts";
import { describeOrders } from "./describe-orders.ts";
import { describeRetention } from "./describe-retention.ts";
import { describeRuns } from "./describe-runs.ts";
import { describeSchedules } from "./describe-schedules.ts";
import { describeStore } from "./describe-store.ts";

describeStore("sqlite", openSqlite);
describeChildren("sqlite", openSqlite);
describeLeader("sqlite", openSqlite);
describeRuns("sqlite", openSqlite);
describeMemory("sqlite", openSqlite);
describeOrders("sqlite", openSqlite);
describeRetention("sqlite", openSqlite);
describeSchedules("sqlite", openSqlite);

import { openSqlite } from "../../support/sqlite-store.ts";
import { describeChildren } from "./describe-children.ts";
import { describeIdentity } from "./describe-identity.ts";
import { describeLeader } from "./describe-leader.ts";
import { describeMemory } from "./describe-memory.ts";
import { describeRetention } from "./describe-retention.ts";
import { describeRuns } from "./describe-runs.ts";
import { describeSchedules } from "./describe-schedules.ts";
import { describeStore } from "./describe-store.ts";

describeStore("sqlite", openSqlite);
describeChildren("sqlite", openSqlite);
describeIdentity("sqlite", openSqlite);
describeLeader("sqlite", openSqlite);
describeRuns("sqlite", openSqlite);
describeMemory("sqlite", openSqlite);
describeRetention("sqlite", openSqlite);
describeSchedules("sqlite", openSqlite);

import { openSqlite } from "../../support/sqlite-store.ts";
import { describeLimits } from "./describe-limits.ts";
import { describeRunKeys } from "./describe-run-keys.ts";

describeLimits("sqlite", openSqlite);
describeRunKeys("sqlite", openSqlite);

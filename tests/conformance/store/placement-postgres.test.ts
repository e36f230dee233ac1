import { withPostgres } from "../../support/postgres.ts";
import { openPostgres } from "../../support/postgres-store.ts";
import { describeLimits } from "./describe-limits.ts";
import { describeRunKeys } from "./describe-run-keys.ts";

withPostgres("postgres", () => {
  describeLimits("postgres", openPostgres);
  describeRunKeys("postgres", openPostgres);
});

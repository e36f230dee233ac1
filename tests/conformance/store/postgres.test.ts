import { withPostgres } from "../../support/postgres.ts";
import { openPostgres } from "../../support/postgres-store.ts";
import { describeMemory } from "./describe-memory.ts";
import { describeRetention } from "./describe-retention.ts";
import { describeRetry } from "./describe-retry.ts";
import { describeStore } from "./describe-store.ts";

withPostgres("postgres", () => {
  describeStore("postgres", openPostgres);
  describeMemory("postgres", openPostgres);
  describeRetry("postgres", openPostgres);
  describeRetention("postgres", openPostgres);
});

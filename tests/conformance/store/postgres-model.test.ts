import { withPostgres } from "../../support/postgres.ts";
import { openPostgres } from "../../support/postgres-store.ts";
import { describeStoreModel } from "./model.ts";
import { describeRetentionModel } from "./retention-model.ts";

withPostgres("postgres", () => {
  describeStoreModel("postgres", openPostgres, 100);
  describeRetentionModel("postgres", openPostgres, 60);
});

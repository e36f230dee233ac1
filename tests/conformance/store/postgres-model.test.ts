import { vi } from "vitest";
import { withPostgres } from "../../support/postgres.ts";
import { openPostgres } from "../../support/postgres-store.ts";
import { describeChildrenModel } from "./children-model.ts";
import { describeStoreModel } from "./model.ts";
import { describeRetentionModel } from "./retention-model.ts";

// Each verb waits for a flush of its own: the histories are told one verb at a time.
vi.setConfig({ testTimeout: 240_000 });

withPostgres("postgres", () => {
  describeStoreModel("postgres", openPostgres, 100);
  describeChildrenModel("postgres", openPostgres, 30);
  describeRetentionModel("postgres", openPostgres, 150);
});

import { openSqlite } from "../../support/sqlite-store.ts";
import { describeChildrenModel } from "./children-model.ts";
import { describeStoreModel } from "./model.ts";
import { describeRetentionModel } from "./retention-model.ts";

describeStoreModel("sqlite", openSqlite, 300);
describeChildrenModel("sqlite", openSqlite, 60);
describeRetentionModel("sqlite", openSqlite, 150);

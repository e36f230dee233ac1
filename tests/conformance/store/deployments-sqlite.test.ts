import { openSqlite } from "../../support/sqlite-store.ts";
import { describeDeployments } from "./describe-deployments.ts";

describeDeployments("sqlite", openSqlite);

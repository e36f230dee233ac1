import { openSqlite } from "../../support/sqlite-store.ts";
import { describeWaiting } from "./describe-waiting.ts";

describeWaiting("sqlite", openSqlite);

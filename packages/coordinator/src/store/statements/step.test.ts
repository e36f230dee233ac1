/** What is asked in each round of dispatch costs the same with ten steps in the queue and with a million. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { openSqlite } from "../sqlite-database.ts";
import { stepsNextDue, stepsReady } from "./step.ts";

test("what is ready, and when the next retry is due, are found by indexes of nothing else", async () => {
  await using folder = await tempFolder();
  const migrations = join(import.meta.dirname, "../migrations/sqlite");
  const db = openSqlite({ file: join(folder.path, "x.db"), migrations });
  const plan = (sql: string) =>
    db
      .prepare(`explain query plan ${sql}`)
      .all()
      .map((row) => String(row["detail"]));
  expect(plan(stepsNextDue.sqlite)).toEqual([
    "SEARCH step USING COVERING INDEX step_retry_due (not_before>?)",
  ]);
  const ready = plan(stepsReady.sqlite);
  expect(ready[0]).toMatch(/^SEARCH step USING (COVERING )?INDEX step_ready \(\(run,idx\)>\(\?,\?\)\)$/);
  expect(ready.join("\n")).not.toMatch(/SCAN|TEMP B-TREE/);
  db.close();
});

/** Looking for what is due, and for who waits, costs the same with ten steps in the queue and with a million. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { openSqlite } from "../sqlite-database.ts";
import { approvalsWaiting } from "./approval.ts";
import { runsDue, runsNextDue, stepsDue, stepsNextDue } from "./deadline.ts";

test("what is due, when something is due next, and who waits for a person are found by indexes of nothing else", async () => {
  await using folder = await tempFolder();
  const migrations = join(import.meta.dirname, "../migrations/sqlite");
  const db = openSqlite({ file: join(folder.path, "x.db"), migrations });
  const plan = (sql: string) =>
    db
      .prepare(`explain query plan ${sql}`)
      .all()
      .map((row) => String(row["detail"]));
  const found = [
    [runsDue, "run_due (due_at<?)"],
    [runsNextDue, "run_due (due_at>?)"],
    [stepsDue, "step_due (due_at<?)"],
    [stepsNextDue, "step_due (due_at>?)"],
    [approvalsWaiting, "step_suspended ((run,idx)>(?,?))"],
  ] as const;
  for (const [{ sqlite }, index] of found) {
    const [first = "", ...rest] = plan(sqlite);
    expect(first.replace(/^SEARCH \w+ USING (COVERING )?INDEX /, "")).toBe(index);
    expect(rest.join("\n")).not.toMatch(/SCAN|TEMP B-TREE/);
  }
  db.close();
});

/** What is asked in each round of dispatch costs the same with ten steps in the queue and with a million. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { openSqlite } from "../sqlite-database.ts";
import { limitsInUse } from "./limit.ts";
import { queuesOpen, stepsDue, stepsFirst, stepsNextDue } from "./queue.ts";

test("queues, their first steps, and retries that are due are found by indexes of nothing else", async () => {
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
  const open = plan(queuesOpen.sqlite).join("\n");
  expect(open.match(/SEARCH step USING (?:COVERING )?INDEX step_ready \(queue>\?\)/g)).toHaveLength(2);
  expect(open).not.toMatch(/SCAN (step|queue)|TEMP B-TREE/);
  const first = plan(stepsFirst.sqlite);
  expect(first[0]).toMatch(/^SEARCH step USING (COVERING )?INDEX step_ready \(queue=\?\)$/);
  expect(first.join("\n")).not.toMatch(/SCAN|TEMP B-TREE/);
  expect(plan(stepsDue.sqlite).join("\n")).toContain("INDEX step_retry_due (not_before>? AND not_before<?)");
  db.close();
});

test("what is in use is counted from the live steps of the queues that take part, and no others", async () => {
  await using folder = await tempFolder();
  const migrations = join(import.meta.dirname, "../migrations/sqlite");
  const db = openSqlite({ file: join(folder.path, "x.db"), migrations });
  const rows = db.prepare(`explain query plan ${limitsInUse.sqlite}`).all();
  expect(rows.map((row) => String(row["detail"]))).toEqual([
    "SEARCH queue_limit USING PRIMARY KEY (shared_limit=?)",
    "SEARCH step USING COVERING INDEX step_gated (queue=? AND phase=?)",
  ]);
  db.close();
});

/** Each window of runs is one stretch of an index, in its order: no walk over the table, nothing to sort. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { openSqlite } from "../sqlite-database.ts";
import { runWindows } from "./run-list.ts";

test("every window is found by its index", async () => {
  await using folder = await tempFolder();
  const migrations = join(import.meta.dirname, "../migrations/sqlite");
  const db = openSqlite({ file: join(folder.path, "x.db"), migrations });
  const plan = (sql: string) =>
    db
      .prepare(`explain query plan ${sql}`)
      .all()
      .map((row) => String(row["detail"]))
      .join("\n");
  const indexes = {
    all: "run_by_time (created_at>? AND created_at<?)",
    status: "run_by_status (status=? AND created_at>? AND created_at<?)",
    dag: "run_by_dag (dag_name=? AND created_at>? AND created_at<?)",
    retryOf: "run_by_retry (retry_of=? AND created_at>? AND created_at<?)",
    label: "run_label_find (name=? AND value=? AND created_at>? AND created_at<?)",
  } as const;
  for (const [name, { page, end }] of Object.entries(runWindows)) {
    const index = `COVERING INDEX ${indexes[name as keyof typeof indexes]}`;
    expect(plan(page.sqlite)).toContain(index);
    expect(plan(page.sqlite)).not.toMatch(/SCAN run\b/);
    expect(plan(end.sqlite)).toContain(index);
  }
  db.close();
});

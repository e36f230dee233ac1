/** What is asked again and again about child runs costs as much as there is to do, whatever else the store holds. */

import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { openSqlite } from "../sqlite-database.ts";
import * as child from "./child.ts";
import * as childEnd from "./child-end.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
let db: DatabaseSync;
beforeAll(async () => {
  folder = await tempFolder();
  db = openSqlite({
    file: join(folder.path, "x.db"),
    migrations: join(import.meta.dirname, "../migrations/sqlite"),
  });
});
afterAll(async () => {
  db.close();
  await folder[Symbol.asyncDispose]();
});

test.each([
  ["childrenReady", "step_child_ready"],
  ["childrenNextDue", "step_child_ready"],
  ["childrenEnded", "run_child_ended"],
  ["childrenToCancel", "run_cancels_children"],
  ["childrenOverdue", "run_child_deadline"],
  ["childrenNextDeadline", "run_child_deadline"],
  ["childrenOf", "run_child"],
] as const)("%s is answered by %s, which holds nothing else", (name, index) => {
  const plan = db
    .prepare(`explain query plan ${{ ...child, ...childEnd }[name].sqlite}`)
    .all()
    .map((row) => String(row["detail"]));
  const [first, ...rest] = plan;
  expect(first).toMatch(new RegExp(`^(SEARCH|SCAN) (run|step) USING (COVERING )?INDEX ${index}\\b`));
  expect(rest.filter((line) => line.startsWith("SCAN"))).toEqual([]);
});

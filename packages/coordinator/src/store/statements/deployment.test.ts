/** What is asked again and again about deployments costs as much as there is to tell, whatever else the store holds. */

import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { openSqlite } from "../sqlite-database.ts";
import { deploymentsForget } from "./deployment.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
let db: DatabaseSync;
beforeAll(async () => {
  folder = await tempFolder();
  const migrations = join(import.meta.dirname, "../migrations/sqlite");
  db = openSqlite({ file: join(folder.path, "x.db"), migrations });
});
afterAll(async () => {
  db.close();
  await folder[Symbol.asyncDispose]();
});

test.each([
  ["deploymentsOfWorker", "deployment_by_worker", "deployment_abandoned"],
  ["deploymentsDue", "deployment_due"],
  ["deploymentsNextDue", "deployment_due"],
  ["deploymentCounts", "deployment_by_worker"],
  ["deploymentsAsked", "queue_by_deployment", "step_gated"],
  ["deploymentsOfSteps"],
  ["deploymentsForget", "deployment_gone"],
] as const)("%s is answered by its indexes", (name, ...indexes) => {
  const statements = { ...look, deploymentsForget };
  const plan = db
    .prepare(`explain query plan ${statements[name].sqlite}`)
    .all()
    .map((row) => String(row["detail"]));
  const tables = plan.filter((line) => /^(SCAN|SEARCH) (deployment|queue|step)\b/.test(line));
  expect(tables.filter((line) => !/USING .*(INDEX|PRIMARY KEY)/.test(line))).toEqual([]);
  for (const index of indexes) expect(tables.join("\n")).toContain(index);
});

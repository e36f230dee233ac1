import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { openSqlite } from "../sqlite-database.ts";
import type { Statement } from "../statement.ts";
import { logChunksErase } from "./log.ts";
import * as pinned from "./pinned.ts";
import * as retention from "./retention.ts";

const migrations = join(import.meta.dirname, "../migrations");
let folder: Awaited<ReturnType<typeof tempFolder>>;
let plans: (statement: Statement, name?: "sqlite" | "sqlite-logs") => string[];
beforeAll(async () => {
  folder = await tempFolder();
  const open = (name: string) =>
    openSqlite({ file: join(folder.path, `${name}.db`), migrations: join(migrations, name) });
  const databases = { sqlite: open("sqlite"), "sqlite-logs": open("sqlite-logs") };
  plans = ({ sqlite }, name = "sqlite") =>
    databases[name]
      .prepare(`explain query plan ${sqlite}`)
      .all()
      .map((row) => String(row["detail"]));
});
afterAll(() => folder[Symbol.asyncDispose]());

test("a collection looks at no pack's bytes and finds who names a pack by indexes", () => {
  expect(plans(retention.packsOldest)).toEqual([
    "SEARCH snapshot USING COVERING INDEX snapshot_by_age ((created_at,digest)>(?,?) AND created_at<?)",
  ]);
  const plan = plans(retention.packsErase).join("\n");
  expect(plan).toContain("SEARCH snapshot USING COVERING INDEX snapshot_by_age ((created_at,digest)>(?,?)");
  expect(plan).toContain("SEARCH step USING COVERING INDEX step_by_pin (pin_digest=?)");
  expect(plan).toContain("SEARCH pinned_step USING COVERING INDEX pinned_step_by_pin (pin_digest=?)");
  expect(plan).toContain("SEARCH step USING COVERING INDEX step_by_snapshot (snapshot_digest=?)");
  expect(plan).toMatch(
    /SEARCH kept_snapshot USING (COVERING )?INDEX sqlite_autoindex_kept_snapshot_1 \(digest=\?\)/,
  );
});

test("runs that are due are found by their end", () => {
  expect(plans(retention.runsRetire).join("\n")).toMatch(
    /SEARCH run USING (COVERING )?INDEX run_by_end \(ended_at<\?\)/,
  );
});

const small: readonly (readonly [string, Statement])[] = [
  ["runsForgotten", retention.runsForgotten],
  ["runErase", retention.runErase],
  ["dagErase", retention.dagErase],
  ["familiesRetire", retention.familiesRetire],
  ["pinnedStepsErase", pinned.pinnedStepsErase],
  ["pinnedDagsErase", pinned.pinnedDagsErase],
  ["blobsUnnamed", retention.blobsUnnamed],
  ["attemptOldestClaim", retention.attemptOldestClaim],
  ...retention.runRowsErase.map((statement, index) => [`runRowsErase[${index}]`, statement] as const),
];

test.each(small)("%s walks through no table", (_, statement) => {
  const scans = plans(statement).filter((line) => /^SCAN (?!json_each|\w+ USING )/.test(line));
  expect(scans).toEqual([]);
  // What scans an index scans one that holds only what is asked for.
  const whole = plans(statement).filter((line) => /^SCAN \w+ USING/.test(line));
  expect(whole.every((line) => /run_forgotten|attempt_live/.test(line))).toBe(true);
});

test("logs of a run are found by their run", () => {
  expect(plans(logChunksErase, "sqlite-logs").join("\n")).toContain("INDEX log_chunk_by_run (run_id=?)");
});

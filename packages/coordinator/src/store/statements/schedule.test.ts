import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { openSqlite } from "../sqlite-database.ts";
import * as tick from "./tick.ts";

test("what a look reads of a schedule is found by indexes, however many runs there are", async () => {
  await using folder = await tempFolder();
  const migrations = join(import.meta.dirname, "../migrations/sqlite");
  using db = openSqlite({ file: join(folder.path, "sqlite.db"), migrations });
  const plan = ({ sqlite }: { sqlite: string }) =>
    db
      .prepare(`explain query plan ${sqlite}`)
      .all()
      .map((row) => String(row["detail"]))
      .join("\n");
  expect(plan(tick.runsOfSchedule)).toMatch(/^SEARCH run USING (COVERING )?INDEX run_of_schedule/);
  expect(plan(tick.ticksQueued)).toMatch(
    /^SEARCH schedule_tick USING (COVERING )?INDEX schedule_tick_queued/,
  );
  for (const statement of [tick.tickList, tick.tickGet, tick.ticksPrune])
    expect(plan(statement)).not.toContain("SCAN");
});

import { expect, test } from "vitest";
import { queryPlans } from "../../testing/query-plans.ts";
import * as tick from "./tick.ts";

test("what a look reads of a schedule is found by indexes, however many runs there are", async () => {
  await using plans = await queryPlans();
  expect(plans.of(tick.runsOfSchedule).join("\n")).toMatch(
    /^SEARCH run USING (COVERING )?INDEX run_of_schedule/,
  );
  expect(plans.of(tick.ticksQueued).join("\n")).toMatch(
    /^SEARCH schedule_tick USING (COVERING )?INDEX schedule_tick_queued/,
  );
  for (const statement of [tick.tickList, tick.tickGet, tick.ticksPrune])
    expect(plans.of(statement).join("\n")).not.toContain("SCAN");
});

/** Looking for what is due, and for who waits, costs the same with ten steps in the queue and with a million. */

import { expect, test } from "vitest";
import { queryPlans } from "../../testing/query-plans.ts";
import { approvalsWaiting } from "./approval.ts";
import { runsDue, runsNextDue, stepsDue, stepsNextDue } from "./deadline.ts";

test("what is due, when something is due next, and who waits for a person are found by indexes of nothing else", async () => {
  await using plans = await queryPlans();
  const found = [
    [runsDue, "run_due (due_at<?)"],
    [runsNextDue, "run_due (due_at>?)"],
    [stepsDue, "step_due (due_at<?)"],
    [stepsNextDue, "step_due (due_at>?)"],
    [approvalsWaiting, "step_suspended ((run,idx)>(?,?))"],
  ] as const;
  for (const [statement, index] of found) {
    const [first = "", ...rest] = plans.of(statement);
    expect(first.replace(/^SEARCH \w+ USING (COVERING )?INDEX /, "")).toBe(index);
    expect(rest.join("\n")).not.toMatch(/SCAN|TEMP B-TREE/);
  }
});

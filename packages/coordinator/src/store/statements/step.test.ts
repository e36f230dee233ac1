/** What is asked in each round of dispatch costs the same with ten steps in the queue and with a million. */

import { expect, test } from "vitest";
import { queryPlans } from "../../testing/query-plans.ts";
import { limitsInUse } from "./limit.ts";
import { queuesOpen, stepsDue, stepsFirst, stepsNextDue } from "./queue.ts";

test("queues, their first steps, and retries that are due are found by indexes of nothing else", async () => {
  await using plans = await queryPlans();
  expect(plans.of(stepsNextDue)).toEqual(["SEARCH step USING COVERING INDEX step_retry_due (not_before>?)"]);
  const open = plans.of(queuesOpen).join("\n");
  expect(open.match(/SEARCH step USING (?:COVERING )?INDEX step_ready \(queue>\?\)/g)).toHaveLength(2);
  expect(open).not.toMatch(/SCAN (step|queue)|TEMP B-TREE/);
  const first = plans.of(stepsFirst);
  expect(first[0]).toMatch(/^SEARCH step USING (COVERING )?INDEX step_ready \(queue=\?\)$/);
  expect(first.join("\n")).not.toMatch(/SCAN|TEMP B-TREE/);
  expect(plans.of(stepsDue).join("\n")).toContain("INDEX step_retry_due (not_before>? AND not_before<?)");
});

test("what is in use is counted from the live steps of the queues that take part, and no others", async () => {
  await using plans = await queryPlans();
  expect(plans.of(limitsInUse)).toEqual([
    "SEARCH queue_limit USING PRIMARY KEY (shared_limit=?)",
    "SEARCH step USING COVERING INDEX step_gated (queue=? AND phase=?)",
  ]);
});

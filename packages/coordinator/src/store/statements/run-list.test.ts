/** Each window of runs is one stretch of an index, in its order: no walk over the table, nothing to sort. */

import { expect, test } from "vitest";
import { queryPlans } from "../../testing/query-plans.ts";
import { runWindows } from "./run-list.ts";

test("every window is found by its index", async () => {
  await using plans = await queryPlans();
  const indexes = {
    all: "run_by_time (created_at>? AND created_at<?)",
    status: "run_by_status (status=? AND created_at>? AND created_at<?)",
    dag: "run_by_dag (dag_name=? AND created_at>? AND created_at<?)",
    retryOf: "run_by_retry (retry_of=? AND created_at>? AND created_at<?)",
    label: "run_label_find (name=? AND value=? AND created_at>? AND created_at<?)",
  } as const;
  for (const [name, { page, end }] of Object.entries(runWindows)) {
    const index = `COVERING INDEX ${indexes[name as keyof typeof indexes]}`;
    expect(plans.of(page).join("\n")).toContain(index);
    expect(plans.of(page).join("\n")).not.toMatch(/SCAN run\b/);
    expect(plans.of(end).join("\n")).toContain(index);
  }
});

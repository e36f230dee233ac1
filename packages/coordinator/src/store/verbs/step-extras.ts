/** What is told of steps beside what stands in their own rows: what became of their memory, and how far their items are. */

import { type ItemCounts, type RunId, type Step, stepAt } from "@haversack/protocol";
import type { CachedDag } from "../dag-cache.ts";
import { integer } from "../rows.ts";
import { approvalsOfRun } from "../statements/approval.ts";
import { groupsOfRun } from "../statements/item-group.ts";
import type { VerbContext } from "../verb.ts";
import { answeredOf } from "./approval-verbs.ts";
import { memoryOfSteps } from "./memory-verbs.ts";

/** Of a step whose items are not known. */
const noItems: ItemCounts = { total: 0, waiting: 0, active: 0, succeeded: 0, failed: 0, cancelled: 0 };

/** By the position of their step. */
async function itemCounts({ tx }: VerbContext, run: number): Promise<ReadonlyMap<number, ItemCounts>> {
  const rows = await tx.all(groupsOfRun, run);
  return new Map(
    rows.map((row) => {
      const [total, waiting, open] = [integer(row, "total"), integer(row, "waiting"), integer(row, "open")];
      const [failed, cancelled] = [integer(row, "failed"), integer(row, "cancelled")];
      const succeeded = total - open - failed - cancelled;
      const counts = { total, waiting, active: open - waiting, succeeded, failed, cancelled };
      return [integer(row, "idx"), counts];
    }),
  );
}

type Extras = Pick<Step, "memory" | "items" | "approval">;

/** @returns by the number of the step */
export async function extrasOfSteps(
  context: VerbContext,
  run: { readonly id: RunId; readonly no: number },
  { spec, hasItems, idAt }: CachedDag,
): Promise<(index: number) => Extras> {
  const memory = await memoryOfSteps(context, run.id);
  const items = hasItems ? await itemCounts(context, run.no) : new Map<number, ItemCounts>();
  const asked = new Map(
    (await context.tx.all(approvalsOfRun, run.no)).map((row) => [integer(row, "idx"), row]),
  );
  return (index) => {
    const approval = answeredOf(asked.get(index), stepAt(spec, index));
    const own = memory.get(idAt(index) ?? "");
    const isGroup = stepAt(spec, index)?.foreach !== undefined && index < spec.steps.length;
    return {
      ...(own === undefined ? {} : { memory: own }),
      ...(approval === undefined ? {} : { approval }),
      ...(isGroup ? { items: items.get(index) ?? noItems } : {}),
    };
  };
}

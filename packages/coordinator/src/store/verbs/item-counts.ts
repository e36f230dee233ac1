/** How far the items of steps are. */

import type { ItemCounts } from "@haversack/protocol";
import { integer } from "../rows.ts";
import { groupsOfRun } from "../statements/item-group.ts";
import type { VerbContext } from "../verb.ts";

/** Of a step whose items are not known. */
export const noItems: ItemCounts = { total: 0, waiting: 0, active: 0, succeeded: 0, failed: 0, cancelled: 0 };

/** By the position of their step. */
export async function itemCounts({ tx }: VerbContext, run: number): Promise<ReadonlyMap<number, ItemCounts>> {
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

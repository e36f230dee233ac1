/**
 * What follows from the end of items (`runs/group.ts`), in the same transaction: the next ones, the end of the others, the
 * end of their step. The work for an item does not grow with their number, but for a stop and the end, which come once.
 */

import { groupMove } from "../../runs/group.ts";
import { groupSave } from "../statements/item-group.ts";
import type { VerbContext } from "../verb.ts";
import { endGroup } from "./end-group.ts";
import type { EndedStep, SettledRun } from "./ended-step.ts";
import type { Group } from "./group-row.ts";
import { releaseItems } from "./release-items.ts";
import { stopGroup } from "./stop-group.ts";

/** Until there is nothing to do but wait. @returns the step, when it has ended */
export async function advance(
  context: VerbContext,
  settled: SettledRun,
  group: Group,
): Promise<EndedStep | undefined> {
  const { continueOnError, foreach } = group.spec;
  const rule = { ...foreach, ...(continueOnError === undefined ? {} : { continueOnError }) };
  for (;;) {
    const move = groupMove(rule, group.state);
    if (move.kind === "release") await releaseItems(context, settled, group, move.count);
    else if (move.kind === "stop") await stopGroup(context, settled, group);
    else {
      await save(context, settled, group);
      return move.kind === "end" ? await endGroup(context, settled, group, move.event) : undefined;
    }
  }
}

async function save({ tx }: VerbContext, { run }: SettledRun, group: Group): Promise<void> {
  const { waiting, open, failed, cancelled, isStopped } = group.state;
  const counts = [waiting, open, failed, cancelled, Number(isStopped), group.released];
  await tx.run(groupSave, run.no, group.index, ...counts);
}

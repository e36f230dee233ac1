/** Ends what no worker holds of a run that has to end; what one holds is left to its worker. */

import { type Failure, itemAt, parseStepId } from "@haversack/protocol";
import { integer, text } from "../rows.ts";
import type { Statement } from "../statement.ts";
import { handlersCancelIdle } from "../statements/deadline.ts";
import { handlersWaiting } from "../statements/outcome.ts";
import { stepsCancelIdle } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { count } from "./end-run.ts";
import { groupsCancelled } from "./item-groups.ts";
import { record, recordRun } from "./record.ts";
import { type SettledRun, settleHandler } from "./settle.ts";

/** Ends what nobody runs and the cancel, or the end of the run's time, is for. @param why told with it */
export async function cancelIdle(context: VerbContext, settled: SettledRun, why?: Failure): Promise<void> {
  recordRun(context, settled.run, settled.now, why);
  await cancelBy(context, settled, stepsCancelIdle);
}

/** Ends the handlers that nobody runs; those that wait for their turn never come. */
export async function cancelHandlers(context: VerbContext, settled: SettledRun): Promise<void> {
  recordRun(context, settled.run, settled.now);
  for (const row of await context.tx.all(handlersWaiting, settled.run.no))
    await settleHandler(context, settled, integer(row, "idx"), "skip");
  await cancelBy(context, settled, handlersCancelIdle);
}

async function cancelBy(context: VerbContext, settled: SettledRun, statement: Statement): Promise<void> {
  const { run, now } = settled;
  const { spec } = await context.dags.get(context.tx, run.dagDigest);
  const ended = await context.tx.all(statement, run.no, now);
  for (const step of ended) {
    const stepId = parseStepId(text(step, "step_id"));
    const change = { kind: "step", stepId, phase: "cancelled", attempt: integer(step, "attempt") } as const;
    record(context, run, change, now);
  }
  const indexes = ended.map((row) => integer(row, "idx"));
  const items = indexes.filter((index) => itemAt(spec, index) !== undefined);
  const groups = await groupsCancelled(context, settled, items);
  await count(context, settled, indexes.length - items.length + groups.length);
}

/** No worker took a step in time. */

import { stepAt } from "@haversack/protocol";
import { queueTimeout } from "../../runs/deadlines.ts";
import { integer } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { stepQueueTimeout } from "../statements/deadline.ts";
import type { VerbContext } from "../verb.ts";
import { stepsEnded } from "./end-run.ts";
import { endedStep } from "./ended-step.ts";
import { record } from "./record.ts";

/** @param due as it was found: a step that became ready anew in the meantime has another */
export async function endOfQueue(
  context: VerbContext,
  run: RunState,
  { index, due, now }: { readonly index: number; readonly due: number; readonly now: number },
): Promise<void> {
  const { spec, idAt } = await context.dags.get(context.tx, run.dagDigest);
  const [step, stepId] = [stepAt(spec, index), idAt(index)];
  if (step === undefined || stepId === undefined) return;
  const failure = queueTimeout(step.queueTimeoutMs ?? 0);
  const row = await context.tx.one(stepQueueTimeout, run.no, index, due, now, JSON.stringify(failure));
  if (row === undefined) return;
  const change = { kind: "step", stepId, phase: "failed" } as const;
  record(context, run, { ...change, attempt: integer(row, "attempt"), failure }, now);
  await stepsEnded(context, { run, now }, [endedStep(index, "failed", row)]);
}

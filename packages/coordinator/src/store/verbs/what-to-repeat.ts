/** Which steps of a run a retry does again. */

import { FaultError } from "@haversack/base";
import { isTerminalRun, itemOfId, type StepPhase, stepsCount } from "@haversack/protocol";
import { stepsToRepeat } from "../../runs/repeat.ts";
import { noStep } from "../missing.ts";
import { text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { stepPhases } from "../statements/retry.ts";
import type { VerbContext } from "../verb.ts";
import { isThere } from "./retry-items.ts";

/** Rejects when the run goes on, when there is nothing to do again, or no such step. */
export async function whatToRepeat(
  context: VerbContext,
  run: RunState,
  fromStep: string | undefined,
): Promise<ReadonlySet<number>> {
  const { id } = run;
  if (!isTerminalRun(run.status)) {
    const message = `run ${id} is ${run.status}; wait for its end, or cancel it first`;
    throw new FaultError("conflict", "run_not_ended", message);
  }
  const { spec, graph } = await context.dags.get(context.tx, run.dagDigest);
  const asked = fromStep === undefined ? undefined : (itemOfId(fromStep)?.groupId ?? fromStep);
  const from = asked === undefined ? undefined : graph.indexOf.get(asked);
  if (fromStep !== undefined && (from === undefined || !(await isThere(context, run, fromStep))))
    throw noStep(id, fromStep);
  const steps = await context.tx.all(stepPhases, run.no, stepsCount(spec));
  // Handlers come again with every run.
  const phases = steps.slice(0, spec.steps.length).map((step) => text(step, "phase") as StepPhase);
  const again = stepsToRepeat(graph, phases, from);
  if (again.size > 0) return again;
  const message = `every step of run ${id} succeeded; name the step to start from`;
  throw new FaultError("conflict", "nothing_to_retry", message);
}

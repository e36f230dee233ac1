/** A run as it is answered: with as many of its steps as suit one message. */

import { type RunId, runToWire, type Step, stepToWire } from "@haversack/protocol";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import type { Store } from "../store/store.ts";

interface AnswerParts {
  readonly store: Store;
  readonly dispatcher: Dispatcher;
}

/** In one answer. */
const stepsMax = 5_000;
const stepBytes = 500;
const answerBytesMax = 8 * 1024 * 1024;

export async function runAnswer(parts: AnswerParts, id: RunId) {
  const run = await parts.store.read.runRead({ id, steps: { from: 0, limit: stepsMax } });
  const steps = fitting(await withReasons(parts, id, 0, run.steps));
  return runToWire(run, steps, run.stepCount);
}

export async function stepsAnswer(parts: AnswerParts, id: RunId, from: number) {
  const { steps } = await parts.store.read.runRead({ id, steps: { from, limit: stepsMax } });
  return { steps: fitting(await withReasons(parts, id, from, steps)).map(stepToWire) };
}

/** Says of each ready step what it waits for. */
async function withReasons(
  { dispatcher }: AnswerParts,
  id: RunId,
  from: number,
  steps: readonly Step[],
): Promise<readonly Step[]> {
  if (!steps.some(({ phase }) => phase === "ready")) return steps;
  const reasons = await dispatcher.whyWaiting(id);
  return steps.map((step, index) => {
    const waitingFor = reasons.get(from + index);
    return waitingFor === undefined || step.phase !== "ready" ? step : { ...step, waitingFor };
  });
}

/** At least one; outputs are what may be large. */
function fitting(steps: readonly Step[]): readonly Step[] {
  let bytes = 0;
  const end = steps.findIndex((step, index) => {
    bytes += stepBytes + Buffer.byteLength(JSON.stringify([step.outputs, step.failure, step.depends]));
    return index > 0 && bytes > answerBytesMax;
  });
  return end < 0 ? steps : steps.slice(0, end);
}

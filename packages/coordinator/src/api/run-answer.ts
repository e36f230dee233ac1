/** A run as it is answered: with as many of its steps as suit one message. */

import {
  groupOfIndex,
  type RunDetail,
  type RunId,
  runToWire,
  type Step,
  stepToWire,
} from "@haversack/protocol";
import { type ExplainParts, whyWaiting } from "../dispatch/explainer.ts";
import { countThatFits } from "./count-that-fits.ts";

/** In one answer. */
export const stepsMax = 5_000;
const stepBytes = 500;
const answerBytesMax = 8 * 1024 * 1024;

export async function runAnswer(parts: ExplainParts, id: RunId, limit = stepsMax) {
  const run = await parts.store.read.runRead({ id, steps: { from: 0, limit } });
  const steps = fitting(await withReasons(parts, run, 0));
  return runToWire(run, steps, run.stepCount);
}

export async function stepsAnswer(parts: ExplainParts, id: RunId, from: number) {
  const run = await parts.store.read.runRead({ id, steps: { from, limit: stepsMax } });
  return { steps: fitting(await withReasons(parts, run, from)).map(stepToWire) };
}

/** Says of each step that has not started what it waits for. */
async function withReasons(
  parts: ExplainParts,
  { id, stepCount: count = 0, steps }: RunDetail,
  from: number,
): Promise<readonly Step[]> {
  const waits = ({ phase, items }: Step) =>
    phase === "ready" || phase === "waiting" || (items?.active ?? 0) > 0;
  if (!steps.some(waits)) return steps;
  const reasons = await whyWaiting(parts, id);
  // Of a step with items, what the first of them waits for.
  const ofItems = new Map<number, string>();
  for (const [index, [first]] of reasons) {
    const group = groupOfIndex(count, index);
    if (group !== undefined && first !== undefined && !ofItems.has(group)) ofItems.set(group, first.message);
  }
  return steps.map((step, index) => {
    const own = reasons.get(from + index)?.[0]?.message;
    const waitingFor = step.items === undefined ? own : ofItems.get(from + index);
    return waitingFor === undefined || !waits(step) ? step : { ...step, waitingFor };
  });
}

/** At least one; outputs are what may be large. */
function fitting(steps: readonly Step[]): readonly Step[] {
  const sizes = steps.map(
    ({ outputs, failure, depends }) =>
      stepBytes + Buffer.byteLength(JSON.stringify([outputs, failure, depends])),
  );
  return steps.slice(0, countThatFits(sizes, answerBytesMax));
}

/** Steps that became free to go: a person is asked, or a worker's time to take them begins. All in the commit that frees them. */

import { present } from "@haversack/base";
import { type HumanSpec, parseStepId, type StepPhase, stepAt } from "@haversack/protocol";
import { render } from "../../runs/expressions.ts";
import type { HumanEnd } from "../../runs/human.ts";
import type { RunState } from "../run-states.ts";
import { approvalInsert, stepAnswered } from "../statements/approval.ts";
import { stepsDueSet } from "../statements/deadline.ts";
import { stepsHold } from "../statements/pause.ts";
import type { VerbContext } from "../verb.ts";
import type { RunFacts } from "./expression-data.ts";
import { record, tellReady } from "./record.ts";
import { startRuns } from "./start-run.ts";

const promptBytesMax = 64 * 1024;

/** A step of one run and the moment of its change. */
export interface StepMoment {
  readonly run: RunState;
  readonly index: number;
  readonly now: number;
}

/** A question begins its run, as handing out a step does. */
export async function beginIfAsking(
  context: VerbContext,
  { run, now }: Omit<StepMoment, "index">,
  moved: readonly { readonly phase: StepPhase }[],
): Promise<void> {
  if (moved.some(({ phase }) => phase === "suspended")) await startRuns(context, [run], now);
}

/** @returns its phase: suspended, unless the question cannot be put */
export async function ask(
  context: VerbContext,
  step: StepMoment,
  human: HumanSpec,
  facts: RunFacts,
): Promise<StepPhase> {
  const { run, index, now } = step;
  const { pathsOf } = await context.dags.get(context.tx, run.dagDigest);
  const prompt = render(human.prompt, await facts.about(pathsOf(index)));
  const size = Buffer.byteLength(prompt);
  if (size > promptBytesMax) {
    const message = `its prompt has ${size} bytes with its values filled in, at most ${promptBytesMax}`;
    await endHuman(context, step, {
      event: "failed",
      failure: { code: "prompt_too_large", message },
      outputs: {},
    });
    return "failed";
  }
  await context.tx.run(approvalInsert, run.no, index, prompt, now);
  if (human.timeoutMs !== undefined) {
    await context.tx.each(stepsDueSet, [[run.no, index, now + human.timeoutMs]]);
  }
  return "suspended";
}

/** A suspended step ends. @returns its row, for those behind it */
export async function endHuman(context: VerbContext, step: StepMoment, end: HumanEnd) {
  const { run, index, now } = step;
  const { event: phase, failure, outputs } = end;
  const failed = failure === undefined ? null : JSON.stringify(failure);
  const row = await context.tx.one(stepAnswered, run.no, index, phase, now, failed, JSON.stringify(outputs));
  const { spec } = await context.dags.get(context.tx, run.dagDigest);
  const stepId = parseStepId(present(stepAt(spec, index), "the step").id);
  const told = failure === undefined ? {} : { failure };
  record(context, run, { kind: "step", stepId, phase, attempt: 0, ...told }, now);
  return present(row, "the suspended step");
}

/** A step that is ready, and since when it may be taken. */
export interface ReadySince {
  readonly index: number;
  readonly since: number;
}

/** What a ready step has beside its phase: until when it waits, and that its run is paused. */
export async function nowReady(
  context: VerbContext,
  run: RunState,
  ready: readonly ReadySince[],
): Promise<void> {
  if (ready.length === 0) return;
  const { tx, dags } = context;
  await tellReady(context, run);
  const { spec } = await dags.get(tx, run.dagDigest);
  const due = ready.flatMap(({ index, since }) => {
    const wait = stepAt(spec, index)?.queueTimeoutMs;
    return wait === undefined ? [] : [[run.no, index, since + wait]];
  });
  await tx.each(stepsDueSet, due);
  if (run.isPaused)
    await tx.each(
      stepsHold,
      ready.map(({ index }) => [run.no, index]),
    );
}

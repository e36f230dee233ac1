/** What is known of a run while it is followed: pure, so that the live view and its tests share every rule. */

import {
  type Failure,
  type HandlerKind,
  isTerminalRun,
  isTerminalStep,
  type RunDetail,
  type RunEvent,
  type RunStatus,
  type StepChange,
  type StepKind,
  type StepPhase,
} from "@haversack/protocol";

export interface RunPicture {
  readonly id: string;
  readonly dagName: string;
  readonly status: RunStatus;
  readonly cancelRequested: boolean;
  readonly paused?: boolean | undefined;
  readonly failure?: Failure | undefined;
  readonly createdAt: number;
  readonly endedAt?: number | undefined;
  readonly steps: readonly StepPicture[];
}

export interface StepPicture {
  readonly id: string;
  readonly kind: StepKind;
  readonly depends: readonly string[];
  readonly condition?: string | undefined;
  readonly continueOnError?: boolean | undefined;
  readonly handler?: HandlerKind | undefined;
  readonly phase: StepPhase;
  readonly attempt: number;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly failure?: Failure | undefined;
  readonly workerName?: string | undefined;
  readonly waitingFor?: string | undefined;
  readonly lastLine?: string | undefined;
}

/** It failed, and that counts as success. */
export const isExcused = ({ phase, continueOnError }: StepPicture): boolean =>
  phase === "failed" && continueOnError === true;

/** Before its first event, whatever happened since: the events will tell. */
export function pictureAtStart(run: RunDetail): RunPicture {
  const { id, dagName, createdAt } = run;
  const steps = run.steps.map((step): StepPicture => {
    const { id, kind, depends, condition, continueOnError, handler } = step;
    // There is no event for a step that is ready from the start; one with an `if` is decided first, one that asks a
    // person is not ready but suspended, and a handler comes last.
    const isReady =
      kind !== "human" && depends.length === 0 && condition === undefined && handler === undefined;
    const phase = isReady ? "ready" : "waiting";
    return { id, kind, depends, condition, continueOnError, handler, phase, attempt: 0 };
  });
  return { id, dagName, status: "queued", cancelRequested: false, createdAt, steps };
}

export function afterEvent(picture: RunPicture, event: RunEvent): RunPicture {
  const { change, at } = event;
  if (change.kind === "run") {
    const { status, cancelRequested, paused, failure } = change;
    const endedAt = isTerminalRun(status) ? at : undefined;
    return { ...picture, status, cancelRequested, paused, failure, endedAt };
  }
  return withStep(picture, change.stepId, (step) => afterChange(step, change, at));
}

function afterChange(step: StepPicture, change: StepChange, at: number): StepPicture {
  const { phase, attempt, failure } = change;
  const base = { ...step, phase, attempt, failure, waitingFor: undefined };
  if (isTerminalStep(phase)) return { ...base, endedAt: at };
  if (phase === "waiting" || phase === "ready") return { ...base, startedAt: undefined, endedAt: undefined };
  const startedAt = step.attempt === attempt ? (step.startedAt ?? at) : at;
  return { ...base, startedAt, endedAt: undefined };
}

/** Takes over what events do not say: why a step waits, and the name of its worker. */
export function afterLook(picture: RunPicture, run: RunDetail): RunPicture {
  const looked = new Map(run.steps.map((step) => [step.id as string, step]));
  const steps = picture.steps.map((step) => {
    const seen = looked.get(step.id);
    if (seen === undefined || seen.phase !== step.phase) return step;
    const { approval, workerName } = seen;
    const waitingFor = approval === undefined ? seen.waitingFor : `asks: ${approval.prompt}`;
    return { ...step, waitingFor, workerName };
  });
  return { ...picture, steps };
}

export function afterLine(picture: RunPicture, stepId: string, line: string): RunPicture {
  return line.trim() === "" ? picture : withStep(picture, stepId, (step) => ({ ...step, lastLine: line }));
}

function withStep(picture: RunPicture, id: string, change: (step: StepPicture) => StepPicture): RunPicture {
  return { ...picture, steps: picture.steps.map((step) => (step.id === id ? change(step) : step)) };
}

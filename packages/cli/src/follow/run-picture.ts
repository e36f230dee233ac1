/** What is known of a run while it is followed: pure, so that the live view and its tests share every rule. */

import {
  type Failure,
  type HandlerKind,
  isTerminalRun,
  isTerminalStep,
  itemOfId,
  type RunDetail,
  type RunEvent,
  type RunId,
  type RunStatus,
  type StepChange,
  type StepKind,
  type StepPhase,
} from "@haversack/protocol";
import { afterItemChange, type ItemsPicture, noItems } from "./items-picture.ts";

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
  /** Of a `dag` step: its newest run. */
  readonly childRunId?: RunId | undefined;
  /** Of a step with `foreach` or `matrix`. */
  readonly items?: ItemsPicture | undefined;
}

/** It failed, and that counts as success. */
export const isExcused = ({ phase, continueOnError }: StepPicture): boolean =>
  phase === "failed" && continueOnError === true;

/** Before its first event, whatever happened since: the events will tell. */
export function pictureAtStart(run: RunDetail): RunPicture {
  const { id, dagName, createdAt } = run;
  const steps = run.steps.map((step): StepPicture => {
    const { id, kind, depends, condition, continueOnError, handler } = step;
    const items = step.items === undefined ? undefined : noItems;
    // There is no event for a step that is ready from the start; one with an `if` or items is decided first, one that
    // asks a person is not ready but suspended, and a handler comes last.
    const isDecided = condition === undefined && handler === undefined && items === undefined;
    const phase = depends.length === 0 && isDecided && kind !== "human" ? "ready" : "waiting";
    return { id, kind, depends, condition, continueOnError, handler, items, phase, attempt: 0 };
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
  const group = groupIn(picture, change.stepId);
  if (group === undefined) return withStep(picture, change.stepId, (step) => afterChange(step, change, at));
  return withStep(picture, group, (step) => {
    return { ...step, items: afterItemChange(step.items ?? noItems, change.stepId, change.phase) };
  });
}

function afterChange(step: StepPicture, change: StepChange, at: number): StepPicture {
  const { phase, attempt, failure } = change;
  const childRunId = change.childRunId ?? step.childRunId;
  const items = change.items === undefined ? step.items : { ...(step.items ?? noItems), total: change.items };
  const base = { ...step, items, phase, attempt, failure, childRunId, waitingFor: undefined };
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
  if (line.trim() === "") return picture;
  return withStep(picture, groupIn(picture, stepId) ?? stepId, (step) => ({ ...step, lastLine: line }));
}

/** The step that this is an item of. */
function groupIn({ steps }: RunPicture, id: string): string | undefined {
  const groupId = itemOfId(id)?.groupId;
  return groupId === undefined ? undefined : steps.find((step) => step.id === groupId)?.id;
}

function withStep(picture: RunPicture, id: string, change: (step: StepPicture) => StepPicture): RunPicture {
  return { ...picture, steps: picture.steps.map((step) => (step.id === id ? change(step) : step)) };
}

/** The steps of a run that is submitted, as rows: what was decided about each, and the queue in which it stands. */

import { present } from "@haversack/base";
import {
  allSteps,
  type DagSpec,
  type Digest,
  type Priority,
  priorityDefault,
  type RunLabels,
  type Selector,
  type StepPhase,
  type StepSpec,
} from "@haversack/protocol";
import type { DeploymentNeed } from "../../runs/deployment-name.ts";
import type { LimitUse } from "../../runs/limits.ts";
import type { RunState } from "../run-states.ts";
import type { SqlValue } from "../statement.ts";
import { stepsInsert } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import type { MemoryWrite } from "./attempt-row.ts";
import { type QueuePlace, QueueRows } from "./queue-rows.ts";
import { packInsert, type StoredPack } from "./snapshot-verbs.ts";

export interface StepSubmission {
  /** What a worker must be like; expressions evaluated. */
  readonly labels: Selector;
  /** Absent: 3. */
  readonly priority?: Priority;
  /** In one order; absent: it takes a part of nothing. */
  readonly limits?: readonly LimitUse[];
  /** Of a step that deploys. */
  readonly deployment?: DeploymentNeed;
  readonly pinDigest?: Digest;
  /** Set at once for a step that reads no memory. */
  readonly snapshotDigest?: Digest;
  /** Absent: it may write no memory. */
  readonly memoryWrite?: MemoryWrite;
}

export interface NewStep {
  readonly run: RunState;
  readonly index: number;
  readonly step: StepSpec;
  /** Dependencies that have not ended. */
  readonly waitingFor: number;
  /** Its run waits for others. */
  readonly held: boolean;
}

/** As `stepsInsert` of `statements/step.ts` takes it. */
export function stepRow(
  { run, index, step, waitingFor, held }: NewStep,
  { pinDigest, snapshotDigest, memoryWrite }: StepSubmission,
  { queue, gated }: QueuePlace,
): SqlValue[] {
  return [
    run.no,
    index,
    step.id,
    step.work.kind,
    held ? "waiting" : firstPhase(step, waitingFor),
    waitingFor,
    queue,
    pinDigest ?? null,
    snapshotDigest ?? null,
    memoryWrite === undefined ? null : JSON.stringify(memoryWrite),
    step.continueOnError === true ? 1 : 0,
    step.handler ?? null,
    gated,
  ];
}

export interface SubmittedSteps {
  /** In the order of the DAG's steps, then of its handlers. */
  readonly steps: readonly StepSubmission[];
  readonly packs: readonly StoredPack[];
  readonly now: number;
}

/** Runs of one tenant take turns together, whatever their DAGs; without one, those of one DAG. */
export const shareOf = (dagName: string, labels: RunLabels = {}): string =>
  labels["tenant"] === undefined ? dagName : `tenant ${labels["tenant"]}`;

/** Where the steps of a submission stand, in their order. @param share whose turns they use up */
export async function placesOf(
  context: VerbContext,
  share: string,
  { steps, packs, now }: SubmittedSteps,
): Promise<readonly QueuePlace[]> {
  const queues = new QueueRows(context, now);
  const needs = new Map(
    packs.map(({ digest, formatVersion, requires }) => [digest, { formatVersion, requires }]),
  );
  const known = new Map<string, Promise<QueuePlace>>();
  const places = steps.map((step) => {
    const { labels: selector, priority = priorityDefault, limits = [], deployment, pinDigest } = step;
    const text = JSON.stringify([selector, priority, limits, deployment, pinDigest]);
    const pack = pinDigest === undefined ? undefined : needs.get(pinDigest);
    const common = { priority, share, selector, limits, ...(deployment === undefined ? {} : { deployment }) };
    const place = known.get(text) ?? queues.placeOf(pack === undefined ? common : { ...common, pack });
    known.set(text, place);
    return place;
  });
  return await Promise.all(places);
}

/** A step with an `if`, with items, or one that asks, is decided when all steps are there, a handler when they have ended. */
export function firstPhase({ condition, handler, foreach, work }: StepSpec, waitingFor: number): StepPhase {
  const isPlain = condition === undefined && handler === undefined && foreach === undefined;
  return waitingFor === 0 && isPlain && work.kind !== "human" ? "ready" : "waiting";
}

export async function insertPacks(
  context: VerbContext,
  packs: readonly StoredPack[],
  now: number,
): Promise<void> {
  for (const pack of packs) await packInsert(context, pack, now);
}

interface NewSteps extends SubmittedSteps {
  readonly run: RunState;
  readonly dag: DagSpec;
  readonly labels?: RunLabels;
  /** The run waits for others. */
  readonly held: boolean;
}

export async function insertSteps(context: VerbContext, asked: NewSteps): Promise<void> {
  const { run, dag, labels, held, steps } = asked;
  const places = await placesOf(context, shareOf(dag.name, labels), asked);
  const rows = allSteps(dag).map((step, index) => {
    const place = { run, index, step, waitingFor: step.depends.length, held };
    return stepRow(
      place,
      present(steps[index], "step of the submission"),
      present(places[index], "its queue"),
    );
  });
  await context.tx.each(stepsInsert, rows);
}

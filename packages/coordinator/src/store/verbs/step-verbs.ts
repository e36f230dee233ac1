/** Steps: which may start, and handing them out. */

import {
  type BootId,
  type Digest,
  type Generation,
  parseDigest,
  parseRunId,
  parseStepId,
  type RunId,
  type StepId,
  type StepKind,
  type WorkerId,
} from "@haversack/protocol";
import { flag, integer, integerOrNone, json, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";
import { attemptInsert } from "../statements/attempt.ts";
import { runGet, runStart } from "../statements/run.ts";
import { stepClaim, stepsNextDue, stepsReady, stepsReadyOfRun } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { type Material, materialOf } from "./claim-material.ts";
import { record, recordRun } from "./record.ts";
import { packInsert, type StoredPack } from "./snapshot-verbs.ts";

/** What decides who may run a step. */
export interface StepPlacement {
  readonly runId: RunId;
  readonly index: number;
  readonly kind: StepKind;
  readonly labels: Readonly<Record<string, string>>;
  readonly pinDigest?: Digest;
  readonly snapshotDigest?: Digest;
}

export interface ReadyStep extends StepPlacement {
  readonly stepId: StepId;
  readonly dagName: string;
}

function placementOfRow(row: Row): StepPlacement {
  const pinDigest = textOrNone(row, "pin_digest");
  const snapshotDigest = textOrNone(row, "snapshot_digest");
  return {
    runId: parseRunId(text(row, "run_id")),
    index: integer(row, "idx"),
    kind: text(row, "kind") as StepKind,
    labels: json<Record<string, string>>(row, "labels"),
    ...(pinDigest === undefined ? {} : { pinDigest: parseDigest(pinDigest) }),
    ...(snapshotDigest === undefined ? {} : { snapshotDigest: parseDigest(snapshotDigest) }),
  };
}

/** The ready steps of a run, and until when the next attempt at each has to wait. */
export async function stepsWaiting({ tx }: VerbContext, query: { runId: RunId; limit: number }) {
  const rows = await tx.all(stepsReadyOfRun, query.runId, query.limit);
  return rows.map((row) => ({ ...placementOfRow(row), notBefore: integer(row, "not_before") }));
}

export interface ReadyQuery {
  readonly now: number;
  readonly after?: { readonly runId: string; readonly index: number };
  readonly limit: number;
}

export async function stepsListReady({ tx }: VerbContext, query: ReadyQuery) {
  const { runId = "", index = 0 } = query.after ?? {};
  const rows = await tx.all(stepsReady, query.now, runId, index, query.limit);
  const due = await tx.one(stepsNextDue, query.now);
  const steps = rows.map(
    (row): ReadyStep => ({
      ...placementOfRow(row),
      stepId: parseStepId(text(row, "step_id")),
      dagName: text(row, "dag_name"),
    }),
  );
  return { steps, nextDue: due === undefined ? undefined : integerOrNone(due, "due") };
}

export interface Claim {
  readonly runId: RunId;
  readonly index: number;
  readonly workerId: WorkerId;
  readonly bootId: BootId;
  readonly generation: Generation;
  readonly leaseUntil: number;
  readonly now: number;
  /** The final pack of a step that reads memory; the first that is named stays. */
  readonly pack?: StoredPack;
}

/** What a task is made of. */
export interface Claimed extends Material {
  readonly runId: RunId;
  readonly index: number;
  readonly stepId: StepId;
  readonly attempt: number;
  readonly generation: Generation;
  readonly workerId: WorkerId;
  readonly snapshotDigest?: Digest;
}

/** Undefined: somebody else was faster, or the run is being cancelled (L1). */
export async function stepTake(context: VerbContext, claim: Claim): Promise<Claimed | undefined> {
  const { tx } = context;
  const run = await tx.one(runGet, claim.runId);
  if (run === undefined) return undefined;
  const isCancelled = flag(run, "cancel_requested") ? 1 : 0;
  if (claim.pack !== undefined) await packInsert(context, claim.pack, claim.now);
  const { runId, index, workerId, now } = claim;
  const row = await tx.one(stepClaim, runId, index, workerId, claim.pack?.digest ?? null, now, isCancelled);
  if (row === undefined) return undefined;
  const attempt = integer(row, "attempt");
  const stepId = parseStepId(text(row, "step_id"));
  const fence = [attempt, claim.generation, workerId, claim.bootId] as const;
  await tx.run(attemptInsert, runId, index, ...fence, claim.leaseUntil, now);
  if ((await tx.run(runStart, runId, now)) > 0) await recordRun(context, runId, "running", undefined, now);
  await record(context, runId, { kind: "step", stepId, phase: "leased", attempt, workerId }, now);
  const snapshotDigest = textOrNone(row, "snapshot_digest");
  return {
    runId,
    index,
    stepId,
    attempt,
    generation: claim.generation,
    workerId,
    ...(await materialOf(context, claim, parseDigest(text(run, "dag_digest")))),
    ...(snapshotDigest === undefined ? {} : { snapshotDigest: parseDigest(snapshotDigest) }),
  };
}

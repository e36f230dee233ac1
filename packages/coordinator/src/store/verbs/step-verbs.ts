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
import { integer, integerOrNone, json, text, textOrNone } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import type { Row } from "../statement.ts";
import { stepsClaim, stepsNextDue, stepsPackName, stepsReady, stepsReadyOfRun } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { type Material, Materials } from "./claim-material.ts";
import { record } from "./record.ts";
import { packInsert, type StoredPack } from "./snapshot-verbs.ts";
import { startRuns } from "./start-run.ts";

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
  /** Of the store: runs that came earlier have lower ones. */
  readonly runNo: number;
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
  readonly after?: Pick<ReadyStep, "runNo" | "index">;
  readonly limit: number;
}

export async function stepsListReady({ tx }: VerbContext, query: ReadyQuery) {
  const { runNo = 0, index = 0 } = query.after ?? {};
  const rows = await tx.all(stepsReady, query.now, runNo, index, query.limit);
  const due = await tx.one(stepsNextDue, query.now);
  const steps = rows.map(
    (row): ReadyStep => ({
      ...placementOfRow(row),
      runNo: integer(row, "no"),
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
  /** The final pack of a step that reads memory; the first that is named stays. */
  readonly pack?: StoredPack;
}

export interface Claims {
  /** Of different steps. */
  readonly claims: readonly Claim[];
  readonly generation: Generation;
  readonly leaseUntil: number;
  readonly now: number;
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

/** @returns those that were had; of the others somebody else was faster, or their run is being cancelled (L1) */
export async function stepsTake(context: VerbContext, { claims, ...lease }: Claims): Promise<Claimed[]> {
  const { tx } = context;
  const runs = await context.runs.many(claims.map(({ runId }) => runId));
  const rows = claims.flatMap(({ runId, index, workerId, bootId }) => {
    const run = runs.get(runId);
    if (run === undefined || run.isPaused) return [];
    const { generation, leaseUntil, now } = lease;
    return [[run.no, index, workerId, bootId, generation, leaseUntil, now, Number(run.cancelRequested)]];
  });
  const had = new Map((await tx.each(stepsClaim, rows)).map((row) => [keyOf(row), row]));
  const taken = claims.flatMap((claim): Taken[] => {
    const run = runs.get(claim.runId);
    const row = run === undefined ? undefined : had.get(`${run.no}/${claim.index}`);
    if (run === undefined || row === undefined) return [];
    const attempt = integer(row, "attempt");
    const snapshotDigest = textOrNone(row, "snapshot_digest") ?? claim.pack?.digest;
    return [{ claim, run, attempt, snapshotDigest, item: textOrNone(row, "item") }];
  });
  await nameNewPacks(context, taken, lease.now);
  await startRuns(
    context,
    taken.map(({ run }) => run),
    lease.now,
  );
  return await claimed(context, taken, lease);
}

interface Taken {
  readonly claim: Claim;
  readonly run: RunState;
  readonly attempt: number;
  readonly snapshotDigest: string | undefined;
  /** JSON: what it is for; undefined: no item. */
  readonly item: string | undefined;
}

const keyOf = (row: Row): string => `${integer(row, "run")}/${integer(row, "idx")}`;

async function nameNewPacks(context: VerbContext, taken: readonly Taken[], now: number): Promise<void> {
  const rows: [number, number, string][] = [];
  for (const { claim, run } of taken) {
    if (claim.pack === undefined) continue;
    await packInsert(context, claim.pack, now);
    rows.push([run.no, claim.index, claim.pack.digest]);
  }
  await context.tx.each(stepsPackName, rows);
}

async function claimed(
  context: VerbContext,
  taken: readonly Taken[],
  { generation, now }: Omit<Claims, "claims">,
): Promise<Claimed[]> {
  const materials = new Materials(context);
  const all: Claimed[] = [];
  for (const { claim, run, attempt, snapshotDigest, item } of taken) {
    const { index, workerId } = claim;
    const { stepId, ...material } = await materials.of(run, index, item);
    record(context, run, { kind: "step", stepId, phase: "leased", attempt, workerId }, now);
    const pack = snapshotDigest === undefined ? {} : { snapshotDigest: parseDigest(snapshotDigest) };
    all.push({ runId: run.id, index, stepId, attempt, generation, workerId, ...material, ...pack });
  }
  return all;
}

/** Steps: handing them out. */

import {
  type BootId,
  contextOfRun,
  type Digest,
  type Generation,
  parseDigest,
  type RunId,
  type RunTrace,
  type StepId,
  type TraceContext,
  type WorkerId,
} from "@haversack/protocol";
import { integer, textOrNone } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import type { Row } from "../statement.ts";
import { stepsClaim, stepsPackName } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { type Material, Materials } from "./claim-material.ts";
import { record } from "./record.ts";
import { packInsert, type StoredPack } from "./snapshot-verbs.ts";
import { startRuns } from "./start-run.ts";
import { withinLimits } from "./take-limits.ts";

/** A step that may be claimed. */
export interface ReadyStep {
  readonly runId: RunId;
  /** Of the store: runs that came earlier have lower ones. */
  readonly runNo: number;
  readonly index: number;
  readonly stepId: StepId;
  readonly queue: number;
  /** It takes parts of keys or pools. */
  readonly gated: boolean;
  readonly dagName: string;
  readonly pinDigest?: Digest;
  readonly snapshotDigest?: Digest;
}

export interface Claim {
  readonly runId: RunId;
  readonly index: number;
  readonly workerId: WorkerId;
  readonly bootId: BootId;
  /** Of a step with limits: the queue in which it stands. Without it, such a step is not had. */
  readonly queue?: number;
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
  /** Absent: the run has none. */
  readonly trace?: TraceContext;
}

/**
 * @returns those that were had; of the others somebody else was faster, their run is being cancelled (L1), or a key or a
 * pool has no room (P9)
 */
export async function stepsTake(
  context: VerbContext,
  { claims: asked, ...lease }: Claims,
): Promise<Claimed[]> {
  const { tx } = context;
  const claims = await withinLimits(context, asked);
  const runs = await context.runs.many(claims.map(({ runId }) => runId));
  const rows = claims.flatMap(({ runId, index, workerId, bootId, queue = null }) => {
    const run = runs.get(runId);
    if (run === undefined || run.isPaused) return [];
    const { generation, leaseUntil, now } = lease;
    return [
      [run.no, index, workerId, bootId, generation, leaseUntil, now, Number(run.cancelRequested), queue],
    ];
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
    const trace = run.trace === undefined ? {} : { trace: contextOfRun(JSON.parse(run.trace) as RunTrace) };
    all.push({ runId: run.id, index, stepId, attempt, generation, workerId, ...material, ...pack, ...trace });
  }
  return all;
}

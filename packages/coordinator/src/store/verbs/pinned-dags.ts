/** What a run was submitted with for the runs that it starts, and they start: their DAGs and the packs of their steps. */

import { type DagSpec, type Digest, parseDigest } from "@haversack/protocol";
import { integer, jsonOrNone, text, textOrNone } from "../rows.ts";
import { dagInsert } from "../statements/dag.ts";
import {
  pinnedDagGet,
  pinnedDagInsert,
  pinnedDagsCarry,
  pinnedStepsCarry,
  pinnedStepsInsert,
  pinnedStepsOf,
} from "../statements/pinned.ts";
import type { VerbContext } from "../verb.ts";
import type { MemoryWrite } from "./attempt-row.ts";

export interface PinnedDagRow {
  /** The name of the DAG, `<file's DAG>/<name>` of a local one. */
  readonly key: string;
  readonly dagDigest: Digest;
  readonly dag: DagSpec;
  readonly source: string;
  readonly fileName: string;
  /** Those that have a pack. */
  readonly steps: readonly PinnedStepRow[];
}

export interface PinnedStepRow {
  /** Position in the DAG. */
  readonly index: number;
  readonly pinDigest?: Digest;
  /** Set at once for a step that reads no memory. */
  readonly snapshotDigest?: Digest;
  /** Absent: it may write no memory. */
  readonly memoryWrite?: MemoryWrite;
}

/** In the transaction that stores the run. */
export async function insertPinnedDags(
  { tx }: VerbContext,
  run: number,
  dags: readonly PinnedDagRow[],
): Promise<void> {
  for (const { key, dagDigest, dag, source, fileName, steps } of dags) {
    await tx.run(dagInsert, dagDigest, dag.name, JSON.stringify(dag), source);
    await tx.run(pinnedDagInsert, run, key, dagDigest, fileName);
    const rows = steps.map(({ index, pinDigest, snapshotDigest, memoryWrite }) => [
      run,
      key,
      index,
      pinDigest ?? null,
      snapshotDigest ?? null,
      memoryWrite === undefined ? null : JSON.stringify(memoryWrite),
    ]);
    await tx.each(pinnedStepsInsert, rows);
  }
}

export async function carryPinnedDags({ tx }: VerbContext, from: number, to: number): Promise<void> {
  await tx.run(pinnedDagsCarry, from, to);
  await tx.run(pinnedStepsCarry, from, to);
}

export interface PinnedDag {
  readonly dagDigest: Digest;
  readonly dag: DagSpec;
  readonly fileName: string;
  readonly steps: readonly PinnedStepRow[];
}

/** Undefined: nobody knew at submission that it would be started. @param run the one that has the pins */
export async function readPinnedDag(
  { tx, dags }: VerbContext,
  run: number,
  key: string,
): Promise<PinnedDag | undefined> {
  const row = await tx.one(pinnedDagGet, run, key);
  if (row === undefined) return undefined;
  const dagDigest = parseDigest(text(row, "dag_digest"));
  const { spec } = await dags.get(tx, dagDigest);
  const steps = (await tx.all(pinnedStepsOf, run, key)).map((step): PinnedStepRow => {
    const snapshotDigest = textOrNone(step, "snapshot_digest");
    const memoryWrite = jsonOrNone<MemoryWrite>(step, "memory_write");
    return {
      index: integer(step, "idx"),
      pinDigest: parseDigest(text(step, "pin_digest")),
      ...(snapshotDigest === undefined ? {} : { snapshotDigest: parseDigest(snapshotDigest) }),
      ...(memoryWrite === undefined ? {} : { memoryWrite }),
    };
  });
  return { dagDigest, dag: spec, fileName: text(row, "file_name"), steps };
}

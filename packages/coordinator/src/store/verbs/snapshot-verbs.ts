/** Packs: written once under their digest, in the transaction of the row that names them. */

import { FaultError } from "@haversack/base";
import { type Digest, parseDigest, type RunId, type SnapshotReport } from "@haversack/protocol";
import { noSnapshot, noStep } from "../missing.ts";
import { bytes, integer, json, text, textOrNone } from "../rows.ts";
import { snapshotGet, snapshotInsert } from "../statements/snapshot.ts";
import { stepPacks } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";

/** A pack and what is known of it. */
export interface StoredPack extends SnapshotReport {
  readonly gzip: Uint8Array;
}

/** The part of a report that has no column of its own. */
type StoredReport = Pick<SnapshotReport, "requires" | "secrets" | "parts">;

export async function packInsert({ tx }: VerbContext, pack: StoredPack, now: number): Promise<void> {
  const { digest, formatVersion, compressedSize, uncompressedSize, requires, secrets, parts, gzip } = pack;
  const report: StoredReport = { requires, secrets, parts };
  const sizes = [compressedSize, uncompressedSize] as const;
  await tx.run(snapshotInsert, digest, formatVersion, ...sizes, JSON.stringify(report), gzip, now);
}

export async function snapshotRead({ tx }: VerbContext, { digest }: { digest: Digest }): Promise<StoredPack> {
  const row = await tx.one(snapshotGet, digest);
  if (row === undefined) throw noSnapshot(digest);
  return {
    digest: parseDigest(text(row, "digest")),
    formatVersion: integer(row, "format_version"),
    compressedSize: integer(row, "compressed_size"),
    uncompressedSize: integer(row, "uncompressed_size"),
    ...json<StoredReport>(row, "report"),
    gzip: bytes(row, "gzip"),
  };
}

/** The pack of a step: the final one, or the pin as long as the step has not been claimed. */
export async function snapshotOfStep(
  { tx, dags, runs }: VerbContext,
  { runId, stepId }: { runId: RunId; stepId: string },
) {
  const run = await runs.find(runId);
  const index = run === undefined ? undefined : (await dags.get(tx, run.dagDigest)).indexOf.get(stepId);
  const row = run === undefined || index === undefined ? undefined : await tx.one(stepPacks, run.no, index);
  if (row === undefined) throw noStep(runId, stepId);
  const digest = textOrNone(row, "snapshot_digest") ?? textOrNone(row, "pin_digest");
  if (digest === undefined) {
    throw new FaultError("missing", "no_snapshot", `step ${stepId} is no agent step: it has no snapshot`);
  }
  return parseDigest(digest);
}

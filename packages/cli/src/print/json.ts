/** What `--json` prints: public, documented in docs/operations.md. Times are ISO 8601 in UTC, sizes bytes. */

import type {
  KeptSnapshot,
  MemoryReview,
  MemoryVersion,
  Run,
  RunDetail,
  RunEvent,
  SnapshotReport,
  Step,
  WorkerInfo,
} from "@haversack/protocol";
import type { LogLine } from "../follow/log-lines.ts";

const time = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

export function runJson(run: Run | RunDetail): object {
  const { createdAt, startedAt, endedAt, eventSeq: _, ...rest } = run;
  const times = { createdAt: time(createdAt), startedAt: time(startedAt), endedAt: time(endedAt) };
  if (!("steps" in rest)) return { ...rest, ...times };
  const { steps, ...head } = rest;
  return { ...head, ...times, steps: steps.map(stepJson) };
}

function stepJson(step: Step): object {
  return { ...step, startedAt: time(step.startedAt), endedAt: time(step.endedAt) };
}

export function eventJson({ seq, at, change }: RunEvent): object {
  return { seq, at: time(at), change };
}

export function logJson({ stepId, attempt, stream, text }: LogLine): object {
  return { step: stepId, attempt, stream, text };
}

export function workerJson(worker: WorkerInfo): object {
  return {
    ...worker,
    labels: Object.fromEntries(worker.labels),
    connectedAt: time(worker.connectedAt),
    lastSeenAt: time(worker.lastSeenAt),
  };
}

export const snapshotJson = (report: SnapshotReport): object => ({ ...report });

export const versionJson = (version: MemoryVersion): object => ({ ...version, at: time(version.at) });

export const reviewJson = (review: MemoryReview): object => ({ ...review, at: time(review.at) });
export const keptJson = (kept: KeptSnapshot): object => ({ ...kept, keptAt: time(kept.keptAt) });

/** What `--json` prints: public, documented in docs/operations.md. Times are ISO 8601 in UTC, sizes bytes. */

import type {
  Approval,
  BackfilledTick,
  KeptSnapshot,
  MemoryReview,
  MemoryVersion,
  Run,
  RunDetail,
  RunEvent,
  ScheduleInfo,
  ScheduleTick,
  SnapshotReport,
  Step,
  StoredDag,
  StoredDagInfo,
  WaitingApproval,
  WorkerInfo,
} from "@haversack/protocol";
import type { LogLine } from "../follow/log-lines.ts";

const time = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

export function runJson(run: Run | RunDetail): object {
  const { createdAt, startedAt, endedAt, dueAt, paused, eventSeq: _, trigger, ...rest } = run;
  const started = trigger === undefined ? {} : { trigger: { ...trigger, due: time(trigger.due) } };
  const times = {
    createdAt: time(createdAt),
    startedAt: time(startedAt),
    endedAt: time(endedAt),
    dueAt: time(dueAt),
    ...(paused === undefined ? {} : { paused: { at: time(paused.at), reason: paused.reason } }),
    ...started,
  };
  if (!("steps" in rest)) return { ...rest, ...times };
  const { steps, ...head } = rest;
  return { ...head, ...times, steps: steps.map(stepJson) };
}

function stepJson({ approval, ...step }: Step): object {
  const asked = approval === undefined ? {} : { approval: approvalJson(approval) };
  return { ...step, startedAt: time(step.startedAt), endedAt: time(step.endedAt), ...asked };
}

export function approvalJson({ askedAt, dueAt, answer, ...rest }: Approval | WaitingApproval): object {
  const answered = answer === undefined ? {} : { answer: { ...answer, at: time(answer.at) } };
  return { ...rest, askedAt: time(askedAt), dueAt: time(dueAt), ...answered };
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
    cordonedAt: time(worker.cordonedAt),
    drainDeadline: time(worker.drainDeadline),
    certificateExpiresAt: time(worker.certificateExpiresAt),
    revokedAt: time(worker.revokedAt),
  };
}

export const snapshotJson = (report: SnapshotReport): object => ({ ...report });

export const versionJson = (version: MemoryVersion): object => ({ ...version, at: time(version.at) });

export const reviewJson = (review: MemoryReview): object => ({ ...review, at: time(review.at) });
export const keptJson = (kept: KeptSnapshot): object => ({ ...kept, keptAt: time(kept.keptAt) });

export const dagJson = (dag: StoredDagInfo | StoredDag): object => ({ ...dag, putAt: time(dag.putAt) });

const tickJson = (tick: ScheduleTick): object => ({ ...tick, due: time(tick.due), at: time(tick.at) });
export const backfilledJson = (tick: BackfilledTick): object => tickJson(tick);

export function scheduleJson({ next, paused, ticks, ...rest }: ScheduleInfo): object {
  const since = paused === undefined ? {} : { paused: { at: time(paused.at), note: paused.note } };
  return { ...rest, next: next.map(time), ...since, ticks: ticks.map(tickJson) };
}

/** Enums both ways. A number that this version does not know is an explicit `undefined`, never a default. */

import { LogStream as WireLogStream, Outcome as WireOutcome } from "../gen/haversack/v1/attempt_pb.ts";
import {
  RunStatus as WireRunStatus,
  StepPhase as WireStepPhase,
} from "../gen/haversack/v1/run_service_pb.ts";
import { RefusalReason as WireRefusalReason } from "../gen/haversack/v1/worker_service_pb.ts";
import type { RefusalReason } from "../model/fence.ts";
import type { LogStream, Outcome } from "../model/outcome.ts";
import type { RunStatus, StepPhase } from "../model/run.ts";

export const outcomeToWire = {
  succeeded: WireOutcome.SUCCEEDED,
  failed: WireOutcome.FAILED,
  cancelled: WireOutcome.CANCELLED,
  returned: WireOutcome.RETURNED,
} as const satisfies Record<Outcome, WireOutcome>;

export const logStreamToWire = {
  stdout: WireLogStream.STDOUT,
  stderr: WireLogStream.STDERR,
  system: WireLogStream.SYSTEM,
} as const satisfies Record<LogStream, WireLogStream>;

export const runStatusToWire = {
  queued: WireRunStatus.QUEUED,
  running: WireRunStatus.RUNNING,
  succeeded: WireRunStatus.SUCCEEDED,
  failed: WireRunStatus.FAILED,
  cancelled: WireRunStatus.CANCELLED,
} as const satisfies Record<RunStatus, WireRunStatus>;

export const stepPhaseToWire = {
  waiting: WireStepPhase.WAITING,
  ready: WireStepPhase.READY,
  leased: WireStepPhase.LEASED,
  running: WireStepPhase.RUNNING,
  succeeded: WireStepPhase.SUCCEEDED,
  failed: WireStepPhase.FAILED,
  cancelled: WireStepPhase.CANCELLED,
  blocked: WireStepPhase.BLOCKED,
  skipped: WireStepPhase.SKIPPED,
  suspended: WireStepPhase.SUSPENDED,
} as const satisfies Record<StepPhase, WireStepPhase>;

export const refusalReasonToWire = {
  superseded: WireRefusalReason.SUPERSEDED,
  expired: WireRefusalReason.EXPIRED,
  terminal: WireRefusalReason.TERMINAL,
  generation: WireRefusalReason.GENERATION,
  unknown: WireRefusalReason.UNKNOWN,
  conflict: WireRefusalReason.CONFLICT,
} as const satisfies Record<RefusalReason, WireRefusalReason>;

/** The way back; a number that this version does not know: undefined. */
export function inverted<K extends string>(map: Record<K, number>): (wire: number) => K | undefined {
  const byNumber = new Map<number, K>();
  for (const key of Object.keys(map) as K[]) byNumber.set(map[key], key);
  return (wire) => byNumber.get(wire);
}

export const outcomeFromWire = inverted<Outcome>(outcomeToWire);
export const logStreamFromWire = inverted<LogStream>(logStreamToWire);
export const runStatusFromWire = inverted<RunStatus>(runStatusToWire);
export const stepPhaseFromWire = inverted<StepPhase>(stepPhaseToWire);
export const refusalReasonFromWire = inverted<RefusalReason>(refusalReasonToWire);

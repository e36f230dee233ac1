/** Events of runs: protobuf ⇄ nouns. */

import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  type RunServiceWatchResponse,
  RunServiceWatchResponseSchema,
} from "../gen/haversack/v1/run_service_pb.ts";
import type { RunChange, RunEvent, StepChange } from "../model/event.ts";
import { parseRunId, parseStepId, parseWorkerId } from "../model/ids.ts";
import { failureFromWire, failureToWire } from "./attempt-wire.ts";
import { runStatusFromWire, runStatusToWire, stepPhaseFromWire, stepPhaseToWire } from "./enums.ts";
import { known, safeNumber } from "./fields.ts";

export function eventToWire(event: RunEvent): RunServiceWatchResponse {
  return create(RunServiceWatchResponseSchema, {
    seq: BigInt(event.seq),
    at: timestampFromMs(event.at),
    event: changeToWire(event.change),
  });
}

function changeToWire(change: RunChange | StepChange) {
  const failure = change.failure === undefined ? {} : { failure: failureToWire(change.failure) };
  if (change.kind === "run") {
    const { status, cancelRequested, paused = false } = change;
    const value = { status: runStatusToWire[status], cancelRequested, paused, ...failure };
    return { case: "run" as const, value };
  }
  return {
    case: "step" as const,
    value: {
      stepId: change.stepId,
      phase: stepPhaseToWire[change.phase],
      attempt: change.attempt,
      workerId: change.workerId ?? "",
      childRunId: change.childRunId ?? "",
      ...failure,
      ...(change.exitCode === undefined ? {} : { exitCode: change.exitCode }),
      ...(change.items === undefined ? {} : { items: change.items }),
    },
  };
}

/** Undefined: an event of a later version, to be passed over. */
export function eventFromWire(wire: RunServiceWatchResponse): RunEvent | undefined {
  const change = changeFromWire(wire.event);
  if (change === undefined) return undefined;
  return {
    seq: safeNumber(wire.seq, "event.seq"),
    at: wire.at === undefined ? 0 : timestampMs(wire.at),
    change,
  };
}

function changeFromWire(event: RunServiceWatchResponse["event"]): RunChange | StepChange | undefined {
  if (event.case === undefined) return undefined;
  const failure = event.value.failure === undefined ? {} : { failure: failureFromWire(event.value.failure) };
  if (event.case === "run") {
    const { status, cancelRequested, paused } = event.value;
    return {
      kind: "run",
      status: known(runStatusFromWire(status), "event.run.status"),
      cancelRequested,
      ...(paused ? { paused } : {}),
      ...failure,
    };
  }
  const { stepId, phase, attempt, workerId, exitCode, childRunId, items } = event.value;
  return {
    kind: "step",
    stepId: parseStepId(stepId),
    phase: known(stepPhaseFromWire(phase), "event.step.phase"),
    attempt,
    ...(workerId === "" ? {} : { workerId: parseWorkerId(workerId) }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(childRunId === "" ? {} : { childRunId: parseRunId(childRunId) }),
    ...(items === undefined ? {} : { items }),
    ...failure,
  };
}

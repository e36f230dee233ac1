/** Stored DAGs and schedules: protobuf ⇄ nouns. */

import { create, type JsonObject as WireJsonObject } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { StoredDagSchema, type StoredDag as WireDag } from "../gen/haversack/v1/dag_service_pb.ts";
import type { RunTrigger as WireTrigger } from "../gen/haversack/v1/run_service_pb.ts";
import {
  ScheduleSchema,
  ScheduleTickSchema,
  type Schedule as WireSchedule,
  type ScheduleTick as WireTick,
} from "../gen/haversack/v1/schedule_service_pb.ts";
import { digestOfBytes, digestToBytes, parseRunId } from "../model/ids.ts";
import {
  type CatchUp,
  type Overlap,
  type RunTrigger,
  type ScheduleInfo,
  type ScheduleTick,
  type StoredDag,
  type StoredDagInfo,
  type TickOutcome,
  triggerKinds,
} from "../model/schedule.ts";
import { badField, required } from "./fields.ts";

const catchUps = ["none", "last", "all"] as const satisfies CatchUp[];
const overlaps = ["skip", "queue", "cancel-previous"] as const satisfies Overlap[];
const outcomes = ["started", "queued", "skipped", "missed", "failed"] as const satisfies TickOutcome[];

function oneOf<T extends string>(known: readonly T[], text: string, field: string): T {
  const found = known.find((each) => each === text);
  if (found === undefined) throw badField(field, `one of ${known.join(", ")}`);
  return found;
}

export function triggerToWire({ kind, schedule, due }: RunTrigger) {
  return {
    kind,
    ...(schedule === undefined ? {} : { schedule }),
    ...(due === undefined ? {} : { due: timestampFromMs(due) }),
  };
}

export function triggerFromWire({ kind, schedule, due }: WireTrigger): RunTrigger {
  return {
    kind: oneOf(triggerKinds, kind, "run.trigger.kind"),
    ...(schedule === undefined ? {} : { schedule }),
    ...(due === undefined ? {} : { due: timestampMs(due) }),
  };
}

export function tickToWire({ due, outcome, runId, detail, at }: ScheduleTick): WireTick {
  const times = { due: timestampFromMs(due), at: timestampFromMs(at) };
  return create(ScheduleTickSchema, { ...times, outcome, detail, runId: runId ?? "" });
}

export function tickFromWire(wire: WireTick): ScheduleTick {
  return {
    due: timestampMs(required(wire.due, "tick.due")),
    outcome: oneOf(outcomes, wire.outcome, "tick.outcome"),
    detail: wire.detail,
    at: timestampMs(required(wire.at, "tick.at")),
    ...(wire.runId === "" ? {} : { runId: parseRunId(wire.runId) }),
  };
}

export function scheduleToWire({ params, next, paused, ticks, ...rest }: ScheduleInfo): WireSchedule {
  return create(ScheduleSchema, {
    ...rest,
    params: params as WireJsonObject,
    next: next.map((at) => timestampFromMs(at)),
    ticks: ticks.map(tickToWire),
    ...(paused === undefined ? {} : { pausedAt: timestampFromMs(paused.at), pauseNote: paused.note }),
  });
}

export function scheduleFromWire(wire: WireSchedule): ScheduleInfo {
  const { dagName, index, cron, timezone, queued, pausedAt, pauseNote } = wire;
  return {
    dagName,
    index,
    cron,
    timezone,
    queued,
    catchUp: oneOf(catchUps, wire.catchUp, "schedule.catch_up"),
    overlap: oneOf(overlaps, wire.overlap, "schedule.overlap"),
    params: wire.params ?? {},
    next: wire.next.map((at) => timestampMs(at)),
    ticks: wire.ticks.map(tickFromWire),
    ...(pausedAt === undefined ? {} : { paused: { at: timestampMs(pausedAt), note: pauseNote } }),
  };
}

/** @param source empty in lists */
export function storedDagToWire(dag: StoredDagInfo, source = ""): WireDag {
  const { name, digest, fileName, putAt, schedules } = dag;
  const plain = { name, source, fileName, schedules };
  return create(StoredDagSchema, {
    ...plain,
    digest: digestToBytes(digest),
    putAt: timestampFromMs(putAt),
  });
}

export function storedDagFromWire({ name, digest, source, fileName, putAt, schedules }: WireDag): StoredDag {
  const at = timestampMs(required(putAt, "dag.put_at"));
  return { name, digest: digestOfBytes(digest), source, fileName, putAt: at, schedules };
}

/** Stored DAGs and their schedules as a client uses them. */

import type { JsonObject as WireJsonObject } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { once } from "./calls.ts";
import type { DotenvTexts } from "./model/dotenv.ts";
import type { JsonObject } from "./model/json.ts";
import type { Problem } from "./model/problem.ts";
import type { BackfilledTick, ScheduleInfo, StoredDag, StoredDagInfo } from "./model/schedule.ts";
import type { DagService, ScheduleService } from "./services.ts";
import { required } from "./wire/fields.ts";
import { scheduleFromWire, storedDagFromWire, tickFromWire } from "./wire/schedule-wire.ts";

/** One schedule of a stored DAG. */
export interface ScheduleName {
  readonly dagName: string;
  /** Its place in the DAG's list, from 0. */
  readonly index: number;
}

/** One schedule, or all of a DAG. */
export type SchedulesName = Pick<ScheduleName, "dagName"> & Partial<ScheduleName>;

export interface ScheduleTrigger extends ScheduleName {
  /** Stand above those of the schedule. */
  readonly params: JsonObject;
  readonly idempotencyKey: string;
}

/** A DAG as it stands in a file. */
export interface DagText {
  /** The YAML. */
  readonly dag: string;
  /** Named in problems. */
  readonly fileName: string;
  readonly dotenv?: DotenvTexts;
}

/** Every method rejects with a FaultError. */
export interface DagClient {
  validate(dag: DagText, signal: AbortSignal): Promise<readonly Problem[]>;
  /** @returns `changed` false: the same text was there */
  putDag(dag: DagText, signal: AbortSignal): Promise<{ dag: StoredDagInfo; changed: boolean }>;
  dag(name: string, signal: AbortSignal): Promise<StoredDag>;
  dags(signal: AbortSignal): Promise<readonly StoredDagInfo[]>;
  deleteDag(name: string, signal: AbortSignal): Promise<void>;
  /** @param ticks how many of each; at most 100 */
  schedules(
    dagName: string | undefined,
    ticks: number,
    signal: AbortSignal,
  ): Promise<readonly ScheduleInfo[]>;
  /** @returns how many were not paused before */
  pauseSchedules(name: SchedulesName, note: string, signal: AbortSignal): Promise<number>;
  /** @returns how many were paused before */
  resumeSchedules(name: SchedulesName, signal: AbortSignal): Promise<number>;
  triggerSchedule(
    trigger: ScheduleTrigger,
    signal: AbortSignal,
  ): Promise<{ runId: string; existed: boolean }>;
  /** @param range both ends count; milliseconds since 1970 */
  backfillSchedule(
    name: ScheduleName,
    range: { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<readonly BackfilledTick[]>;
}

type Dags = Client<typeof DagService>;
type Schedules = Client<typeof ScheduleService>;

export function dagClient(dags: Dags, schedules: Schedules): DagClient {
  return { ...storedDags(dags), ...scheduleClient(schedules) };
}

type DagMethods = "validate" | "putDag" | "dag" | "dags" | "deleteDag";

function storedDags(client: Dags): Pick<DagClient, DagMethods> {
  return {
    async validate(dag, signal) {
      return (await once(client.validate(dag, { signal }), signal)).problems;
    },
    async putDag(dag, signal) {
      const answer = await once(client.put(dag, { signal }), signal);
      const { source: _, ...info } = storedDagFromWire(required(answer.dag, "dag"));
      return { dag: info, changed: answer.changed };
    },
    async dag(name, signal) {
      return storedDagFromWire(required((await once(client.get({ name }, { signal }), signal)).dag, "dag"));
    },
    async dags(signal) {
      const { dags } = await once(client.list({}, { signal }), signal);
      return dags.map((dag) => {
        const { source: _, ...info } = storedDagFromWire(dag);
        return info;
      });
    },
    async deleteDag(name, signal) {
      await once(client.delete({ name }, { signal }), signal);
    },
  };
}

function scheduleClient(client: Schedules): Omit<DagClient, DagMethods> {
  return {
    async schedules(dagName, ticks, signal) {
      const request = { dagName: dagName ?? "", ticks };
      return (await once(client.list(request, { signal }), signal)).schedules.map(scheduleFromWire);
    },
    async pauseSchedules(name, note, signal) {
      return (await once(client.pause({ ...name, note }, { signal }), signal)).changed;
    },
    async resumeSchedules(name, signal) {
      return (await once(client.resume(name, { signal }), signal)).changed;
    },
    async triggerSchedule({ params, ...rest }, signal) {
      const request = { ...rest, params: params as WireJsonObject };
      const { runId, existed } = await once(client.trigger(request, { signal }), signal);
      return { runId, existed };
    },
    async backfillSchedule(name, { from, to }, signal) {
      const range = { from: timestampFromMs(from), to: timestampFromMs(to) };
      const { ticks } = await once(client.backfill({ ...name, ...range }, { signal }), signal);
      return ticks.map(({ tick, existed }) => ({ ...tickFromWire(required(tick, "tick")), existed }));
    },
  };
}

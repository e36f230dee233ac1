/** Stored DAGs, their schedules, and what became of the times of a schedule. Times are milliseconds since 1970. */

import type { Digest, RunId } from "./ids.ts";
import type { JsonObject } from "./json.ts";

/** Which of the times that nobody looked at in time are made up for. */
export type CatchUp = "none" | "last" | "all";

/** What a time does that finds the run of an earlier one unfinished. */
export type Overlap = "skip" | "queue" | "cancel-previous";

/** A schedule as a DAG declares it, defaults filled in. */
export interface ScheduleSpec {
  /** Five fields, six with seconds first, or a name such as `@daily`. */
  readonly cron: string;
  /** IANA name. */
  readonly timezone: string;
  readonly catchUp: CatchUp;
  readonly overlap: Overlap;
  readonly params: JsonObject;
}

/** What started a run. */
export const triggerKinds = ["manual", "schedule", "backfill", "retry", "child"] as const;

export interface RunTrigger {
  readonly kind: (typeof triggerKinds)[number];
  /** The place of the schedule in the DAG's list, from 0. */
  readonly schedule?: number;
  /** The time of the schedule that the run is for. */
  readonly due?: number;
}

export type TickOutcome = "started" | "queued" | "skipped" | "missed" | "failed";

/** What became of one time of a schedule. */
export interface ScheduleTick {
  readonly due: number;
  readonly outcome: TickOutcome;
  readonly runId?: RunId;
  /** Why there is no run. */
  readonly detail: string;
  /** When it was decided. */
  readonly at: number;
}

export interface ScheduleInfo extends ScheduleSpec {
  readonly dagName: string;
  /** Its place in the DAG's list, from 0. */
  readonly index: number;
  /** The next times; none while it is paused. */
  readonly next: readonly number[];
  readonly paused?: { readonly at: number; readonly note: string };
  /** Newest time first. */
  readonly ticks: readonly ScheduleTick[];
  /** Times that wait for the end of an earlier run. */
  readonly queued: number;
}

/** A time of a range, and whether it had its run before. */
export type BackfilledTick = ScheduleTick & { readonly existed: boolean };

export interface StoredDagInfo {
  readonly name: string;
  /** Of the text. */
  readonly digest: Digest;
  readonly fileName: string;
  readonly putAt: number;
  /** How many it has. */
  readonly schedules: number;
}

export interface StoredDag extends StoredDagInfo {
  /** The YAML. */
  readonly source: string;
}

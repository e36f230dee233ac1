/** Where and when a step may run: what it asks of workers, how urgent it is, what it takes a part of. */

/** What a step asks of one label of a worker. A text is the value that it must have. */
export type LabelTest =
  | string
  | { readonly in: readonly string[] }
  /** None of these; a worker without the label passes. */
  | { readonly not: readonly string[] }
  | { readonly exists: boolean };

/** By label; a worker must pass all. */
export type Selector = { readonly [label: string]: LabelTest };

/** 5 goes before 1. */
export const priorities = [1, 2, 3, 4, 5] as const;
export type Priority = (typeof priorities)[number];
export const priorityDefault: Priority = 3;

/** What becomes of a run whose key has as many unfinished runs as it may have. */
export type OnConflict = "queue" | "cancel-running" | "skip";
export const onConflicts = ["queue", "cancel-running", "skip"] as const satisfies OnConflict[];

/** How many runs with one key may be under way. */
export interface RunConcurrency {
  /** A template over the parameters; the key is one for all DAGs. */
  readonly key: string;
  readonly limit: number;
  readonly onConflict: OnConflict;
}

/** How many steps may be in flight at once, over all runs. */
export type StepLimit =
  /** A template over the parameters. */
  | { readonly key: string; readonly limit: number }
  /** Declared at the coordinator. */
  | { readonly pool: string; readonly units: number };

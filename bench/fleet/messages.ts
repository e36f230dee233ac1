/** What the benchmark and its processes of workers tell each other. */

export type ToWorkers =
  | { readonly kind: "start"; readonly url: string; readonly workers: readonly NamedWorker[] }
  /** What becomes of a task: it runs until it is told otherwise, or it succeeds at once. */
  | { readonly kind: "mode"; readonly holds: boolean }
  /** Everything that runs succeeds. */
  | { readonly kind: "release" };

export interface NamedWorker {
  readonly workerId: string;
  readonly credential: string;
}

/** What happened at the workers of a process since it told last. Times are those of {@link sharedNow}. */
export interface Seen {
  readonly welcomes: readonly { readonly worker: string; readonly at: number }[];
  readonly tasks: readonly SeenTask[];
  readonly cancels: readonly { readonly run: string; readonly at: number }[];
  /** Results that were acknowledged. */
  readonly finished: number;
  readonly heartbeats: number;
  /** Attempts that a worker lost: how. */
  readonly lost: readonly string[];
  /** Sessions that ended for good: why. */
  readonly failed: readonly string[];
}

export interface SeenTask {
  readonly run: string;
  /** The parameter of that name; empty: the run has none. */
  readonly number: string;
  readonly attempt: number;
  readonly at: number;
}

/** Milliseconds on the monotonic clock that all processes of this machine have in common. */
export const sharedNow = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

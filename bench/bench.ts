/** What a benchmark is, and what it reports. */

export interface Bench {
  /** What is written after `npm run bench --`. */
  readonly name: string;
  /** One line. */
  readonly description: string;
  run(report: Report, options: BenchOptions): Promise<void>;
}

export interface BenchOptions {
  /** The smallest setting that still goes through everything: for a test of the benchmark, not for its figures. */
  readonly quick: boolean;
  /** `sqlite`, `postgres` or an address of PostgreSQL; for those that have a store. */
  readonly store: string;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Reading {
  /** What it was measured on, such as `50 KB`. */
  readonly case: string;
  /** Ends in its unit where it has one of its own: `build_ms`. A ratio of two others is `one_over_other`. */
  readonly metric: string;
  readonly value: number;
  /** `ms`, `MB/s` (10^6), `MiB` (2^20), `B`, `tasks/s`, `tasks`, `packs`, `%` (of one core), `/s`, `leases`, `x`. */
  readonly unit: string;
}

export interface Report {
  measured(reading: Reading): void;
  /** For whoever waits; no part of the result. */
  doing(what: string): void;
}

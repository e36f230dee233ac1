/** How an attempt ended, as its worker reports it. */

import type { DeploymentReport } from "./deployment.ts";
import type { AttemptRef } from "./fence.ts";
import type { Digest } from "./ids.ts";
import type { JsonValue } from "./json.ts";
import type { MemoryOperation } from "./memory.ts";

/** `returned`: handed back without having had an effect; not counted as a try. */
export type Outcome = "succeeded" | "failed" | "cancelled" | "returned";

/** The code is stable (`exit_code`, `timeout`, `output_missing`, ...); the message is for people. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface Artifact {
  /** Relative to the work folder, `/` between segments. */
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  readonly executable: boolean;
}

/** Tokens of an agent step, summed over its turns. */
export interface Usage {
  readonly turns: number;
  readonly toolCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface AttemptResult {
  readonly ref: AttemptRef;
  readonly outcome: Outcome;
  readonly failure?: Failure;
  readonly exitCode?: number;
  readonly outputs: ReadonlyMap<string, JsonValue>;
  readonly artifacts: readonly Artifact[];
  readonly usage?: Usage;
  /** Applied when the step succeeds; absent: it asked for none. */
  readonly memory?: readonly MemoryOperation[];
  readonly logs: readonly LogEnd[];
  /** Of every deploy that began. */
  readonly deployment?: DeploymentReport;
}

/** `system`: lines of the worker about the attempt, such as a time-out. */
export type LogStream = "stdout" | "stderr" | "system";

export interface LogEnd {
  readonly stream: LogStream;
  /** Bytes. */
  readonly length: number;
  readonly sha256: Digest;
}

export interface LogChunk {
  readonly ref: AttemptRef;
  readonly stream: LogStream;
  /** Bytes of the stream before this chunk. */
  readonly offset: number;
  readonly data: Uint8Array;
}

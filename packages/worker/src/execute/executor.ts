/**
 * What runs a step. An attempt (`attempt.ts`) makes the work folder, picks the executor by the kind of work, and
 * turns its end into the result that is reported.
 */

import type {
  DeploymentReport,
  Failure,
  JsonValue,
  LogStream,
  MemoryOperation,
  Outcome,
  SecretSourceName,
  Task,
  Usage,
} from "@haversack/protocol";
import type { Masker } from "../mask/masker.ts";

/** Where the bytes of an attempt's log go. The spool behind it numbers, stores and sends them. */
export interface AttemptLog {
  /** Copies the bytes. Resolves when more may be written, so that a flood slows its writer, not the worker. */
  write(stream: LogStream, data: Uint8Array): Promise<void>;
  /** One line of the worker about the attempt. */
  note(text: string): void;
}

export interface AttemptFolders {
  /** Fresh, empty but for the inputs, the step's current folder. */
  readonly work: string;
  /** Fresh, for the executor's own files: the script, the file that `HAVERSACK_OUTPUT` names. */
  readonly control: string;
}

export interface AttemptContext {
  readonly folders: AttemptFolders;
  readonly log: AttemptLog;
  /** `HAVERSACK_*`, `PARAM_*` and the step's own variables, secrets included. */
  readonly env: ReadonlyMap<string, string>;
  /** Knows the values of this attempt; whatever leaves it goes through here. Notes of `log` do already. */
  readonly masker: Masker;
  /** A secret value that the task or its pack names; undefined: it is not to be had here. Never rejects. */
  readonly secret: (from: SecretSourceName) => Promise<string | undefined>;
  /** Hears of each turn of an agent; absent: the run has no trace. */
  readonly turn?: ((turn: ModelTurn) => void) | undefined;
}

/** One answer of a model. */
export interface ModelTurn {
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** How the work ended, before artifacts are collected. */
export interface WorkEnd {
  readonly outcome: Outcome;
  readonly failure?: Failure;
  readonly exitCode?: number;
  readonly outputs: ReadonlyMap<string, JsonValue>;
  readonly usage?: Usage;
  /** What an agent asks of memory; only of work that succeeded. */
  readonly memory?: readonly MemoryOperation[];
  /** Of every deploy that began. */
  readonly deployment?: DeploymentReport;
}

/** Why an attempt's signal fired; decides its outcome. */
export type StopReason = "cancelled" | "timeout" | "lease-lost" | "shutdown";

export interface Executor {
  /**
   * Never rejects. When the signal fires (its reason is a {@link StopRequest}) it ends every process of the step,
   * SIGTERM first and SIGKILL after the grace, and resolves once none is left.
   */
  execute(task: Task, context: AttemptContext, signal: AbortSignal): Promise<WorkEnd>;
}

/** The reason given to an attempt's signal. */
export class StopRequest extends Error {
  readonly why: StopReason;
  #graceMs: number;

  constructor(why: StopReason, graceMs: number) {
    super(`stop: ${why}`);
    this.why = why;
    this.#graceMs = graceMs;
  }

  /** Between SIGTERM and SIGKILL, in milliseconds; asked again and again, for it may shrink. */
  get graceMs(): number {
    return this.#graceMs;
  }

  /** The lease is lost while the grace of a cancel or a time limit runs: nothing of the attempt may outlive it (L6). */
  hurry(): void {
    this.#graceMs = 0;
  }
}

/** What a script learns from the exit code: one table for faults, one for how a run ended. */

import { type Fault, FaultError, faultOf, systemCodeOf } from "@haversack/base";
import type { RunStatus } from "@haversack/protocol";

export const exitCodes = {
  ok: 0,
  /** The run ended and failed. */
  runFailed: 1,
  /** `snapshot diff --exit-code`, and nothing else: the two differ. */
  different: 1,
  /** `doctor`, and nothing else: something has to be mended. */
  problem: 1,
  /** `images pull`, and nothing else. */
  imageFailed: 1,
  /** The input or the command line is wrong. */
  invalid: 2,
  /** The coordinator cannot be reached or has no room; the same call may succeed later. */
  unreachable: 3,
  /** `images pull`, and nothing else: somebody cancelled it. */
  imageCancelled: 3,
  missing: 4,
  denied: 5,
  /** The run ended because somebody cancelled it. */
  runCancelled: 6,
  /** A busy port, an unusable data folder, a full disk. */
  environment: 7,
  bug: 70,
  /** Ctrl-C before the end. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const ofFault = {
  invalid: exitCodes.invalid,
  missing: exitCodes.missing,
  conflict: exitCodes.invalid,
  fenced: exitCodes.bug,
  denied: exitCodes.denied,
  busy: exitCodes.unreachable,
  unavailable: exitCodes.unreachable,
  corrupt: exitCodes.invalid,
  // By us it would have been an interrupt, which is told apart before: the peer died in the middle of a call.
  cancelled: exitCodes.unreachable,
  bug: exitCodes.bug,
} as const satisfies Record<Fault, ExitCode>;

/** A run that has not ended is no failure: whoever asks for its end asks with `--follow`. */
const ofRun = {
  queued: exitCodes.ok,
  running: exitCodes.ok,
  succeeded: exitCodes.ok,
  failed: exitCodes.runFailed,
  cancelled: exitCodes.runCancelled,
} as const satisfies Record<RunStatus, ExitCode>;

const environmentCodes: ReadonlySet<string> = new Set([
  "EACCES",
  "EADDRINUSE",
  "EADDRNOTAVAIL",
  "EDQUOT",
  "EMFILE",
  "ENOSPC",
  "EPERM",
  "EROFS",
]);

/** Faults of ours that say the same: the folder, the port or the disk is in the way. */
const environmentFaults: ReadonlySet<string> = new Set([
  "cannot_listen",
  "coordinators_running",
  "database_unusable",
  "folder_locked",
  "folder_unusable",
  "half_restored",
  "newer_schema",
  "not_durable",
  "spool_failed",
  "store_moved",
]);

/** Something around the program, rather than its input, is in the way. */
export class EnvironmentError extends FaultError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super("unavailable", code, message, options);
  }
}

export const exitCodeOfRun = (status: RunStatus): ExitCode => ofRun[status];

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof EnvironmentError) return exitCodes.environment;
  if (error instanceof FaultError && environmentFaults.has(error.code)) return exitCodes.environment;
  if (error instanceof FaultError) return ofFault[faultOf(error)];
  return environmentCodes.has(systemCodeOf(error) ?? "") ? exitCodes.environment : exitCodes.bug;
}

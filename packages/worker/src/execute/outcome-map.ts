/** From how a process ended to how the work ended: the one table, pure, for commands and for agents. */

import { FaultError, faultOf, formatDuration, type Ms, messageOf } from "@haversack/base";
import type { Failure, JsonValue, Usage } from "@haversack/protocol";
import type { StopReason, WorkEnd } from "./executor.ts";
import type { ProcessExit, StepTree } from "./step-host.ts";

const noOutputs: ReadonlyMap<string, JsonValue> = new Map();

export interface CommandEnd {
  readonly exit: ProcessExit;
  readonly program: string;
  /** Last line of stderr, cleaned; empty: none. */
  readonly lastWords: string;
}

/** The end of a command that nobody stopped; undefined: it did well. */
export function commandFailure(end: CommandEnd): WorkEnd | undefined {
  const { exit } = end;
  const words = end.lastWords === "" ? "" : `: ${end.lastWords}`;
  switch (exit.kind) {
    case "exited":
      if (exit.code === 0) return undefined;
      return failed(
        { code: "exit_code", message: `exit code ${exit.code}${words}` },
        { exitCode: exit.code },
      );
    case "killed":
      return failed(
        { code: "killed", message: `killed by ${exit.signal}${words}` },
        { exitCode: 128 + (signalNumbers[exit.signal] ?? 0) },
      );
    case "not-started":
      return failed({ code: "not_started", message: notStarted(end.program, exit.code) });
    default:
      return exit satisfies never;
  }
}

/**
 * The end of work that ran into a limit; undefined: it did not. What was killed for its memory has failed, whatever came
 * after it; what was refused a process may have done without.
 */
export function limitFailure(tree: Pick<StepTree, "exceeded">, end: WorkEnd): WorkEnd | undefined {
  const exceeded = tree.exceeded();
  if (exceeded === undefined || (exceeded.limit === "pids" && end.outcome === "succeeded")) return undefined;
  const { failure, exitCode, usage } = end;
  const words = failure === undefined ? "" : `: ${failure.message}`;
  return failed(
    { code: "limit_exceeded", message: `ran into its ${exceeded.text}${words}` },
    { ...(exitCode !== undefined && { exitCode }), ...(usage !== undefined && { usage }) },
  );
}

/** Says with a failure which limits each process had, where nobody can tell whether one of them was the cause. */
export function underLimits({ under }: Pick<StepTree, "under">, end: WorkEnd): WorkEnd {
  const { failure } = end;
  if (under === undefined || failure === undefined || end.outcome !== "failed") return end;
  return { ...end, failure: { ...failure, message: `${failure.message} (it had a ${under})` } };
}

/** The end of work that was stopped from outside. */
export function stoppedEnd(why: StopReason, timeoutMs: Ms | undefined, begun: boolean): WorkEnd {
  switch (why) {
    case "cancelled":
      return {
        outcome: "cancelled",
        failure: { code: "cancelled", message: "cancelled on request" },
        outputs: noOutputs,
      };
    case "timeout": {
      const limit = timeoutMs === undefined ? "" : ` of ${formatDuration(timeoutMs)}`;
      return failed({ code: "timeout", message: `ran longer than its time limit${limit}` });
    }
    case "lease-lost":
      return {
        outcome: "cancelled",
        failure: { code: "lease_lost", message: "the worker lost its lease on this attempt" },
        outputs: noOutputs,
      };
    case "shutdown":
      // Without a failure it had no effect at all; with one it was interrupted half-way.
      if (!begun) return { outcome: "returned", outputs: noOutputs };
      return {
        outcome: "returned",
        failure: { code: "worker_stopped", message: "the worker was stopped while the step ran" },
        outputs: noOutputs,
      };
    default:
      return why satisfies never;
  }
}

/** An end by something that was thrown. */
export function failureEnd(error: unknown): WorkEnd {
  const code = error instanceof FaultError ? error.code : "internal";
  const message = faultOf(error) === "bug" ? `internal error: ${messageOf(error)}` : messageOf(error);
  return failed({ code, message });
}

/** Declared outputs that did not come. */
export function missingOutputs(
  declared: readonly string[],
  outputs: ReadonlyMap<string, JsonValue>,
): Failure | undefined {
  const missing = declared.filter((name) => !outputs.has(name));
  if (missing.length === 0) return undefined;
  const names = missing.map((name) => `"${name}"`).join(", ");
  return {
    code: "output_missing",
    message: `the step declares ${missing.length === 1 ? "the output" : "the outputs"} ${names} but did not write ${
      missing.length === 1 ? "it" : "them"
    }; write name=value lines to the file that $HAVERSACK_OUTPUT names`,
  };
}

export function failed(failure: Failure, extra: { exitCode?: number; usage?: Usage } = {}): WorkEnd {
  return { outcome: "failed", failure, outputs: noOutputs, ...extra };
}

function notStarted(program: string, code: string): string {
  if (code === "ENOENT") {
    return `cannot start "${program}": it is not installed on this worker, or the folder it starts in is gone`;
  }
  if (code === "E2BIG")
    return `cannot start "${program}": its arguments and environment are too large; use a file`;
  return `cannot start "${program}": ${code}`;
}

/** As shells count them: 128 + the number. */
const signalNumbers: { readonly [signal: string]: number } = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

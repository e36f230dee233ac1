/**
 * The environment of a step's processes: an allow-list of the worker's own variables, then the step's, then ours. What
 * decides how a program loads code is refused by name, wherever it comes from, because a value may be a parameter that
 * somebody else typed (PR-1 to PR-4).
 */

import { FaultError } from "@haversack/base";
import { loadsCode } from "@haversack/protocol";

const environmentLimits = { valueBytesMax: 65_536, bytesMax: 1_048_576 } as const;

const inherited = new Set(["PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER", "SHELL"]);
const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What a step may see of the environment of its worker. */
export function inheritedEnvironment(host: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...host].filter(([name]) => inherited.has(name) || name.startsWith("LC_")));
}

/**
 * The whole environment of a step's process. Later layers win, and `own` (ours) wins over all.
 * Throws `bad_environment` and `environment_too_large`, with the name of the variable and never its value.
 */
export function stepEnvironment(
  host: ReadonlyMap<string, string>,
  step: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, string>,
): Map<string, string> {
  for (const [name, value] of step) checkVariable(name, value);
  const all = new Map([...inheritedEnvironment(host), ...step, ...own]);
  let bytes = 0;
  for (const [name, value] of all) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  if (bytes > environmentLimits.bytesMax) {
    throw new FaultError(
      "invalid",
      "environment_too_large",
      `the environment of the step has ${bytes} bytes, at most ${environmentLimits.bytesMax} are allowed; use a file`,
    );
  }
  return all;
}

function checkVariable(name: string, value: string): void {
  const shown = JSON.stringify(name.slice(0, 80));
  if (!namePattern.test(name)) {
    throw bad(`the variable name ${shown} must match ${namePattern.source}`);
  }
  if (loadsCode(name)) {
    throw bad(
      `the variable ${shown} is refused: it decides what code a program loads; set it inside the script`,
    );
  }
  if (value.includes("\0")) throw bad(`the value of ${shown} contains a NUL character`);
  const bytes = Buffer.byteLength(value);
  if (bytes > environmentLimits.valueBytesMax) {
    throw new FaultError(
      "invalid",
      "environment_too_large",
      `the variable ${shown} has ${bytes} bytes, at most ${environmentLimits.valueBytesMax} are allowed; use a file`,
    );
  }
}

function bad(message: string): FaultError {
  return new FaultError("invalid", "bad_environment", message);
}

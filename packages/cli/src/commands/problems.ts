/** Problems of files: for people on standard error, for scripts as plain objects. */

import { formatProblem, type Problem } from "@haversack/protocol";
import { printableLines } from "../print/printable.ts";
import type { Shell } from "../shell.ts";

export function tellProblems(problems: readonly Problem[], { outside, paint }: Shell): void {
  for (const problem of problems)
    outside.terminal.err(`${paint.bad(printableLines(formatProblem(problem)))}\n`);
}

export function problemJson({ file, line, column, field, code, message }: Problem): object {
  return { file, line, column, field, code, message };
}

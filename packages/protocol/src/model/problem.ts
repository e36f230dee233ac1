import { FaultError } from "@haversack/base";

/** One thing that is wrong with a file, and where. */
export interface Problem {
  readonly file: string;
  /** From 1; 0: unknown. */
  readonly line: number;
  readonly column: number;
  /** Such as `steps[1].agent.use`. */
  readonly field: string;
  /** Stable, such as `unknown_skill`. */
  readonly code: string;
  readonly message: string;
}

/** `file:line:column: field: message`, with what is unknown left out. */
export function formatProblem(problem: Problem): string {
  const line = problem.line > 0 ? `:${problem.line}` : "";
  const column = problem.line > 0 && problem.column > 0 ? `:${problem.column}` : "";
  const field = problem.field === "" ? "" : `${problem.field}: `;
  return `${problem.file}${line}${column}: ${field}${problem.message}`;
}

/** Input with problems: all of them at once, not the first alone. */
export class ProblemsError extends FaultError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super("invalid", problems[0]?.code ?? "invalid", problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}

/** One thing that is wrong with a file, and where. The planner returns all of them at once. */

export interface Problem {
  readonly file: string;
  /** From 1; 0: unknown. */
  readonly line: number;
  readonly column: number;
  /** Such as `steps[1].agent.use`. */
  readonly field: string;
  readonly code: ProblemCode;
  /** Ready to be shown: what, who named it, what is near. Never the text of a secret. */
  readonly message: string;
}

export type ProblemCode =
  | "invalid_config"
  | "invalid_model"
  | "invalid_profile"
  | "invalid_skill"
  | "invalid_soul"
  | "invalid_mcp_server"
  | "invalid_memory"
  | "invalid_settings"
  | "unknown_profile"
  | "unknown_model"
  | "unknown_skill"
  | "unknown_soul"
  | "unknown_mcp_server"
  | "unknown_secret"
  | "unknown_tool"
  | "unknown_dag"
  | "dag_resolution_failed"
  | "ceiling_exceeded"
  | "key_like_string"
  | "bad_path"
  | "snapshot_too_large"
  | "snapshot_invalid";

export interface Position {
  readonly line: number;
  readonly column: number;
}

export type Place = Pick<Problem, "file" | "line" | "column" | "field">;

export const unknownPosition: Position = Object.freeze({ line: 0, column: 0 });

/** `file:line:column: field: code message`, without what is unknown. */
export function problemText(problem: Problem): string {
  const line = problem.line > 0 ? `:${problem.line}` : "";
  const column = problem.line > 0 && problem.column > 0 ? `:${problem.column}` : "";
  const field = problem.field === "" ? "" : `${problem.field}: `;
  return `${problem.file}${line}${column}: ${field}${problem.code}: ${problem.message}`;
}

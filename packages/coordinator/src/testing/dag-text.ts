/** DAGs as text, and what the parser says of them. */

import { formatProblem, ProblemsError } from "@haversack/protocol";
import { parseDag } from "../dag/parse-dag.ts";

/** How an expression begins, out of sight of whoever takes it for a template. */
export const open = "$" + "{{";
export const head = "name: demo\nsteps:\n";

/** @param lines one for each step */
export const dag = (...lines: string[]) => `${head}${lines.map((line) => `  ${line}\n`).join("")}`;

/** As people read them; empty: none. */
export function problemsOf(text: string): string[] {
  try {
    parseDag(text, "f.yaml");
    return [];
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map(formatProblem);
  }
}

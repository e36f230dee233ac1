/**
 * A DAG of Dagu, in YAML, to one of ours.
 *
 *   section        the file key by key; what nobody takes is told
 *   losses         what has no counterpart, with its place; advice says what to do instead
 *   root-values, parameters, environment    the root
 *   root-steps, read-steps, read-step, command, conditions    the steps one by one
 *   flow           what steps get from those before them
 *   step-lines, lines    our file, with comments where the meaning is another one
 */

import { type Problem, ProblemsError } from "@haversack/protocol";
import { parseYaml } from "@haversack/snapshot";
import { rootAdvice } from "./advice.ts";
import { printLines } from "./lines.ts";
import { createLosses } from "./losses.ts";
import { rootLines } from "./root-lines.ts";
import { isMap, sectionOf } from "./section.ts";

export interface Converted {
  /** A DAG file of ours, without what has no counterpart. */
  readonly dag: string;
  readonly losses: readonly Problem[];
}

/** Throws ProblemsError for what is no YAML map. */
export function convertDagu(text: string, file: string): Converted {
  const { value, problems, locate } = parseYaml(text);
  const at = (message: string): Problem => ({
    file,
    line: 1,
    column: 1,
    field: "",
    code: "bad_yaml",
    message,
  });
  if (problems.length > 0)
    throw new ProblemsError(
      problems.map(({ position, field, message }) => ({ ...at(message), ...position, field })),
    );
  if (!isMap(value)) throw new ProblemsError([at("expected a DAG: a map with `steps`")]);
  const losses = createLosses(file, locate);
  const root = sectionOf(value, "", losses);
  const dag = printLines(rootLines(root, file, losses));
  root.end(rootAdvice);
  return { dag, losses: losses.found };
}

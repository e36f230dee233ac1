/**
 * A DAG file as YAML. Its limits (size, depth, aliases, one document, no duplicate, merge or dangerous keys) are those
 * of the library's files, and so is the reader: one door for all YAML from outside.
 */

import { dagBytesMax, dagValuesMax, type Problem, ProblemsError } from "@haversack/protocol";
import { type Position, parseYaml } from "@haversack/snapshot";

export interface YamlSource {
  readonly file: string;
  readonly value: unknown;
  /** Where a field stands, or its nearest parent that stands in the text. Line and column from 1. */
  at(field: string): Position;
  /** Of a DAG under `dags`: the file, and where in it the DAG stands. */
  readonly whole?: YamlSource;
  readonly place?: string;
}

/** `steps[1].agent.use` is `["steps", 1, "agent", "use"]`. */
export type YamlPath = readonly (string | number)[];

/** Throws ProblemsError. */
export function readYaml(text: string, file: string): YamlSource {
  const document = parseYaml(text, 0, { bytesMax: dagBytesMax, valuesMax: dagValuesMax });
  const problems = document.problems.map(
    ({ position, field, message }): Problem => ({ file, ...position, field, code: "bad_yaml", message }),
  );
  if (problems.length > 0) throw new ProblemsError(problems);
  return { file, value: document.value, at: document.locate };
}

export function fieldOf(path: YamlPath): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
}

/** Whether the vault holds what the steps of a DAG name; what the models of agents name the planner checks. */

import { didYouMean } from "@haversack/base";
import type { Problem } from "@haversack/protocol";
import type { ParsedDag } from "../dag/parse-dag.ts";
import { placesOf } from "../dag/places.ts";
import { fieldOf, type YamlPath, type YamlSource } from "../dag/yaml-source.ts";

/** Each name once for each place where it stands. */
export function unknownSecrets(
  { spec, source }: Pick<ParsedDag, "spec" | "source">,
  known: ReadonlySet<string>,
): Problem[] {
  const problems = new Map<string, Problem>();
  for (const { step, path } of placesOf(spec)) {
    for (const [index, { variable, from }] of (step.secrets ?? []).entries()) {
      if (!("secret" in from) || known.has(from.secret)) continue;
      const field = fieldOf(placeOf(source, [...path, "secrets"], { variable, index }));
      const fix = didYouMean(from.secret, known) || `; set it: haversack secret set ${from.secret}`;
      const message = `there is no secret "${from.secret}"${fix}`;
      const told = source.place === undefined ? field : `${source.place}.${field}`;
      const place = { file: source.file, ...source.at(field), field: told };
      problems.set(told, { ...place, code: "unknown_secret", message });
    }
  }
  return [...problems.values()];
}

/** In the secrets of the step, if it has its own; else in those of the DAG. */
function placeOf(source: YamlSource, own: YamlPath, name: { variable: string; index: number }): YamlPath {
  const { whole = source, place } = source;
  const [, local] = place?.split(".") ?? [];
  const dag: YamlPath = local === undefined ? [] : ["dags", local];
  const base = valueAt(whole.value, [...dag, ...own]) === undefined ? ["secrets"] : own;
  const isList = Array.isArray(valueAt(whole.value, [...dag, ...base]));
  return [...base, isList ? name.index : name.variable];
}

const valueAt = (value: unknown, path: YamlPath): unknown =>
  path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    value,
  );

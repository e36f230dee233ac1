/** DAGs under `dags` of a file: each is checked as one that stands alone, and its problems are told at its place. */

import type { DagSpec, LocalDag, Problem } from "@haversack/protocol";
import type { DagBody, DagFile } from "./dag-schema.ts";
import type { YamlSource } from "./yaml-source.ts";

/** One DAG of the file, with its fields as if it were alone in it. */
export interface LocalBody {
  readonly name: string;
  readonly body: DagBody;
  readonly source: YamlSource;
}

export function localBodies({ dags = {} }: DagFile, source: YamlSource): LocalBody[] {
  return Object.entries(dags).map(([name, body]) => ({ name, body, source: within(source, placeOf(name)) }));
}

/** What is wrong with a DAG of the file, with the fields of the file. */
export function toldInFile({ name }: LocalBody, problems: readonly Problem[]): Problem[] {
  const place = placeOf(name);
  return problems.map((problem) => ({ ...problem, field: joined(place, problem.field) }));
}

/** The DAG with those of its file. */
export function withLocals(spec: DagSpec, locals: readonly LocalDag[]): DagSpec {
  if (locals.length === 0) return spec;
  return { ...spec, dags: Object.fromEntries(locals.map((local) => [local.name, local])) };
}

const placeOf = (name: string): string => `dags.${name}`;
const joined = (place: string, field: string): string => (field === "" ? place : `${place}.${field}`);

function within(source: YamlSource, place: string): YamlSource {
  const at = (field: string) => source.at(joined(place, field));
  return { file: source.file, value: undefined, at, whole: source, place };
}

/**
 * A DAG of Dagu, in YAML, to one of ours.
 *
 *   documents      the file, one document for each DAG; the further ones become `dags`
 *   section        a document key by key; what nobody takes is told
 *   losses         what has no counterpart, with its place; advice says what to do instead
 *   root-values, root-limits, parameters, environment    the root
 *   root-work, root-steps, read-steps, read-step, command, conditions    the steps one by one
 *   step-kind, child-step, call-params, parallel, human-step    those that are no commands
 *   flow, paths    what steps get from those before them
 *   step-lines, lines    our file, with comments where the meaning is another one
 */

import { type Problem, ProblemsError } from "@haversack/protocol";
import { parseYaml } from "@haversack/snapshot";
import { adviceForRoot } from "./advice.ts";
import { documentsOf, type YamlText } from "./documents.ts";
import { filled, printLines, Sections } from "./lines.ts";
import { createLosses, type Losses } from "./losses.ts";
import { dagName, fileTitle, titleOf } from "./names.ts";
import type { LocalTarget } from "./other-work.ts";
import { parametersOf } from "./parameters.ts";
import { rootLines } from "./root-lines.ts";
import { isMap, sectionOf } from "./section.ts";

export interface Converted {
  /** A DAG file of ours, without what has no counterpart. */
  readonly dag: string;
  readonly losses: readonly Problem[];
}

interface Document {
  readonly value: Readonly<Record<string, unknown>>;
  readonly title: string;
  readonly name: string;
  readonly losses: Losses;
}

/** Throws ProblemsError for what is no YAML map. */
export function convertDagu(text: string, file: string): Converted {
  const [first, ...further] = documentsOf(text).map((each, index) => readDocument(each, file, index === 0));
  if (first === undefined) throw new ProblemsError([badYaml(file, "expected a DAG")]);
  refuseDoubles(further);
  const locals = new Map(further.map((each) => [each.title, targetOf(each)]));
  const lines = (document: Document) => {
    const { value, title, name, losses } = document;
    const isLocal = document !== first;
    const root = sectionOf(value, "", losses);
    const written = rootLines(root, { file, title, name, isLocal, locals, losses });
    root.end(adviceForRoot(isLocal));
    return written;
  };
  const own = lines(first);
  const dags = further.map((each) => ({
    name: each.name,
    comments: each.name === each.title ? [] : [`In Dagu: ${each.title}`],
    lines: lines(each),
  }));
  const dag = printLines(filled([...own, { key: "dags", value: new Sections(dags) }]));
  return { dag, losses: [first, ...further].flatMap(({ losses }) => losses.found) };
}

function readDocument({ text, lineOffset }: YamlText, file: string, isFirst: boolean): Document {
  const { value, problems, locate } = parseYaml(text, lineOffset);
  if (problems.length > 0)
    throw new ProblemsError(
      problems.map(({ position, field, message }) => ({ ...badYaml(file, message), ...position, field })),
    );
  const at = { line: lineOffset + 1 };
  if (!isMap(value))
    throw new ProblemsError([{ ...badYaml(file, "expected a DAG: a map with `steps`"), ...at }]);
  const title = titleOf(value) ?? (isFirst ? fileTitle(file) : undefined);
  if (title === undefined)
    throw new ProblemsError([
      { ...badYaml(file, "a further document is called by its name: expected `name`"), ...at },
    ]);
  return { value, title, name: dagName(title), losses: createLosses(file, locate) };
}

const badYaml = (file: string, message: string): Problem => ({
  file,
  line: 1,
  column: 1,
  field: "",
  code: "bad_yaml",
  message,
});

function refuseDoubles(documents: readonly Document[]): void {
  const seen = new Set<string>();
  for (const { name, losses } of documents) {
    if (seen.has(name)) losses.lose("name", `there is another DAG that is called ${name} here`);
    seen.add(name);
  }
}

/** What callers must know; what is wrong with it is told when the document itself is read. */
function targetOf({ value, name }: Document): LocalTarget {
  const silent: Losses = { found: [], lose: () => undefined };
  const root = sectionOf(value, "", silent);
  return { name, params: parametersOf([root.take("params"), root.take("default_params")], silent).specs };
}

/** What `foreach` and `matrix` mean, checked before a DAG is accepted, as far as it can be known then. */

import { pathProblem } from "@haversack/base";
import type { DagSpec, ForeachSpec, MatrixSpec, StepSpec } from "@haversack/protocol";
import type { TemplateData } from "../runs/expression-value.ts";
import { hasExpression, parseTemplate } from "../runs/expressions.ts";
import { foreachTexts, itemsOf } from "../runs/foreach-items.ts";
import { ancestorsInOrder, type DagGraph } from "../runs/graph.ts";
import type { Place, Reporter } from "./check-expressions.ts";
import type { YamlPath } from "./yaml-source.ts";

/** Why `item` and its like mean nothing in an `if`. */
export const noItemInIf =
  "an `if` is decided once, before there are items: leave out what you do not want where the list is made";
const noItemInList = "the items come from here: name params, or outputs of the steps before";

const noData: TemplateData = {
  params: new Map(),
  outputs: new Map(),
  statuses: new Map(),
  run: { id: "", dag: "", error: null, status: null },
};

export interface ForeachCheck {
  readonly at: YamlPath;
  readonly place: Extract<Place, { of: "step" | "handler" }>;
  readonly report: Reporter;
  template(at: YamlPath, text: string, place: Place): void;
}

export function checkForeach(step: StepSpec, check: ForeachCheck): void {
  const { foreach } = step;
  if (foreach === undefined) return;
  const key = foreach.over.kind === "list" ? "foreach" : "matrix";
  const at = [...check.at, key];
  const texts = foreachTexts(foreach);
  for (const { text, path } of texts) {
    check.template([...at, ...path], text, { ...check.place, item: noItemInList });
  }
  if (foreach.over.kind === "list") checkList(at, foreach.over.items, check.report);
  else checkMatrix(at, foreach.over, check.report);
  if (!texts.some(({ text }) => hasExpression(text)) && !isText(foreach)) {
    const known = itemsOf(foreach, noData);
    if (!known.ok) check.report.problem(at, "bad_items", known.problem);
  }
  for (const [index, path] of step.artifacts.entries()) {
    const problem = pathProblem(`${step.id}/999/${path}`);
    if (problem === undefined || pathProblem(path) !== undefined) continue;
    const message = `steps behind find it at ${step.id}/<index>/${path}, and that path ${problem}`;
    check.report.problem([...check.at, "artifacts", index], "bad_path", message);
  }
}

/** Text where a list belongs is a problem of its own. */
const isText = ({ over }: ForeachSpec): boolean =>
  over.kind === "list"
    ? typeof over.items === "string"
    : Object.values(over.axes).some((values) => typeof values === "string");

function checkList(at: YamlPath, items: MatrixSpec["axes"][string], report: Reporter): void {
  if (typeof items !== "string") return;
  const parsed = parseTemplate(items);
  if (!parsed.ok || (parsed.parts.length === 1 && parsed.parts[0]?.kind === "expression")) return;
  const open = "$" + "{{";
  const message = `expected a list, or one expression that gives one, such as ${open} steps.scan.outputs.files }}`;
  report.problem(at, "bad_items", message);
}

function checkMatrix(at: YamlPath, { axes, exclude = [] }: MatrixSpec, report: Reporter): void {
  const names = Object.keys(axes);
  for (const [name, values] of Object.entries(axes)) {
    checkList([...at, name], values, report);
    if (typeof values === "string" || !isPartlyUnknown(axes)) continue;
    const nested = values.findIndex(Array.isArray);
    if (nested >= 0) report.problem([...at, name, nested], "bad_items", "a list in a list: give one value");
  }
  for (const [index, left] of exclude.entries()) {
    for (const name of Object.keys(left).filter((each) => !names.includes(each))) {
      const message = `the matrix has no ${JSON.stringify(name)}${report.near(name, names)}`;
      report.problem([...at, "exclude", index, name], "bad_items", message);
    }
  }
}

/** Where all is known, the items themselves are made and looked at. */
const isPartlyUnknown = (axes: MatrixSpec["axes"]): boolean =>
  JSON.stringify(axes).includes("${{") || Object.values(axes).some((values) => typeof values === "string");

/** What steps with items let out, by the names that their items give it. */
export const itemArtifacts = ({ steps }: DagSpec): ReadonlySet<string> =>
  new Set(steps.flatMap(({ foreach, artifacts }) => (foreach === undefined ? [] : artifacts)));

/** An input that is called as items of a step before call it: each of them is under its own index. */
export function itemInputProblem(
  dag: DagSpec,
  graph: DagGraph,
  step: StepSpec,
  input: string,
): string | undefined {
  const isMade = (each: StepSpec | undefined): boolean => each?.artifacts.includes(input) === true;
  const own = graph.indexOf.get(step.id);
  const before =
    own === undefined ? dag.steps : ancestorsInOrder(own, graph.depends).map((at) => dag.steps[at]);
  const makers = before.filter(isMade);
  if (makers.length === 0 || makers.some((each) => each?.foreach === undefined)) return undefined;
  const id = makers.at(-1)?.id ?? "";
  return `step "${id}" makes it once for each item: write ${id}/*/${input}, or ${id}/0/${input} for the first`;
}

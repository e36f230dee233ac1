/** Labels of a run: the DAG's own, with those of its submission on top of them. */

import {
  type DagSpec,
  type Problem,
  ProblemsError,
  type RunLabels,
  runLabelExpected,
  runLabelForm,
  runLabelProblem,
  runLabelsMax,
} from "@haversack/protocol";
import { z } from "zod";
import type { TemplateData } from "../runs/expression-value.ts";
import { render } from "../runs/expressions.ts";

const templateCharactersMax = 4096;
const name = z.string().regex(runLabelForm, runLabelExpected);
const value = z.union([z.string().max(templateCharactersMax), z.number(), z.boolean()]).transform(String);

export const runLabelsSchema = z
  .record(name, value)
  .refine((labels) => Object.keys(labels).length <= runLabelsMax, `expected at most ${runLabelsMax} labels`)
  .meta({ id: "runLabels", maxProperties: runLabelsMax });

/** Every expression evaluated. Throws ProblemsError with all that is wrong. */
export function settleLabels(
  { labels = {} }: DagSpec,
  given: RunLabels,
  data: TemplateData,
  file: string,
): RunLabels {
  const own = Object.entries(labels).map(([name, text]) => [name, render(text, data)] as const);
  const settled = new Map([...own, ...Object.entries(given)]);
  const problems = [...settled].flatMap(([name, value]) => {
    const message = runLabelProblem(name, value);
    return message === undefined ? [] : [problem(file, `labels.${name}`, message)];
  });
  if (settled.size > runLabelsMax)
    problems.push(
      problem(file, "labels", `${settled.size} labels with those of the submission, at most ${runLabelsMax}`),
    );
  if (problems.length > 0) throw new ProblemsError(problems);
  return Object.fromEntries(settled);
}

const problem = (file: string, field: string, message: string): Problem => ({
  file,
  line: 0,
  column: 0,
  field,
  message,
  code: "bad_label",
});

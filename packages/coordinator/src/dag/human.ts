/** Steps that ask a person: which keys they have, and what their form and their time limit must be. */

import { type HumanSpec, type JsonObject, ProblemsError } from "@haversack/protocol";
import type { StepFile } from "./dag-schema.ts";
import { formProblem, settleFields } from "./form.ts";

export interface HumanProblem {
  /** Behind the path of the step. */
  readonly path: readonly string[];
  readonly code: string;
  readonly message: string;
}

export function humanSpec(human: NonNullable<StepFile["human"]>): HumanSpec {
  const { prompt, approvers = [], timeout, onTimeout = "fail" } = human;
  const form = human.form as JsonObject | undefined;
  const preset = onTimeout === "approve" ? filledIn(form) : undefined;
  return {
    kind: "human",
    prompt,
    ...(form === undefined ? {} : { form }),
    approvers,
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    onTimeout,
    ...(preset === undefined ? {} : { fieldsOnTimeout: preset }),
  };
}

/** The form as nobody fills it in; undefined when it asks for more than that, or is no form. */
function filledIn(form: JsonObject | undefined): JsonObject | undefined {
  if (form === undefined || formProblem(form) !== undefined) return undefined;
  try {
    return settleFields(form, {}, "approved");
  } catch (error) {
    if (error instanceof ProblemsError) return undefined;
    throw error;
  }
}

/** What its keys have to do with each other. */
export function humanProblems({ human }: StepFile): readonly HumanProblem[] {
  if (human === undefined) return [];
  const problems: HumanProblem[] = [];
  if (human.onTimeout !== undefined && human.timeout === undefined) {
    const message = "needs `timeout`: how long the person has";
    problems.push({ path: ["human", "onTimeout"], code: "bad_value", message });
  }
  return [...problems, ...formProblems(humanSpec(human))];
}

function formProblems({ form, onTimeout }: HumanSpec): readonly HumanProblem[] {
  if (form === undefined) return [];
  const wrong = formProblem(form);
  if (wrong !== undefined)
    return [{ path: ["human", "form"], code: "bad_form", message: `the form ${wrong}` }];
  if (onTimeout !== "approve") return [];
  try {
    settleFields(form, {}, "approved");
    return [];
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    const fields = error.problems.map(({ field }) => field.replace(/^fields\./, "")).join(", ");
    const message = `with \`approve\` nobody fills in ${fields}: give a default, or leave it out of \`required\``;
    return [{ path: ["human", "onTimeout"], code: "bad_form", message }];
  }
}

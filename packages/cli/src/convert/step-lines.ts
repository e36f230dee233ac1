import { wrapped } from "./command.ts";
import type { DraftStep } from "./draft.ts";
import { filled, type Line } from "./lines.ts";

/** A step of our file. */
export function stepLines(step: DraftStep): Line[] {
  const conditions =
    step.conditions.length > 1
      ? step.conditions.map((each) => (each.includes("||") ? `(${each})` : each))
      : step.conditions;
  return filled([
    { key: "id", value: step.id, comments: step.comments },
    { key: "name", value: step.title },
    { key: "description", value: step.description },
    { key: "depends", value: step.depends },
    { key: "if", value: conditions.length === 0 ? undefined : conditions.join(" && ") },
    { key: "continueOnError", value: step.continueOnError ? true : undefined },
    ...(step.workLines ?? commandLines(step)),
    { key: "worker", value: step.worker },
    { key: "timeout", value: step.timeout },
    { key: "retry", value: step.retry },
    { key: "outputs", value: step.outputs ?? (step.output === undefined ? undefined : [step.output]) },
  ]);
}

function commandLines(step: DraftStep): Line[] {
  const { script, shell } = wrapped(step, step);
  return [
    { key: "run", value: script },
    { key: "shell", value: shell },
    { key: "env", value: Object.fromEntries(step.env) },
  ];
}

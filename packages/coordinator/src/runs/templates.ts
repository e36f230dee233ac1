import type { DagSpec, StepSpec } from "@haversack/protocol";

/** Every text of a step in which an expression may stand. Worker labels are evaluated at submission, not here. */
export function templatesOf(dag: DagSpec, step: StepSpec): string[] {
  const prompt = step.work.kind === "run" ? [] : [step.work.prompt];
  return [...Object.values(dag.env), ...Object.values(step.env), ...prompt];
}

/**
 * Which items each agent step needs, and why, decided from a DAG and a library that are both handed in: no part of it
 * reaches for a hidden store, so submit, schedule, retry, child run and command line all plan alike.
 *
 *   walk.ts              the DAGs that are reached (asks resolveDag; the rest is pure)
 *   plan-step.ts         one step: its levels, the items they name
 *   layers.ts            step, profile, defaults.agent, config.yaml, built in
 *   effective-config.ts  the merged settings
 *   include.ts           an item by id, or a problem with near matches
 */

import type { Library } from "../library/library.ts";
import { planStep } from "./plan-step.ts";
import type { ChildPlans, PlannableDag, PlanOptions, PlanOutcome, StepPlan } from "./plannable.ts";
import type { Problem } from "./problem.ts";
import { problemText } from "./problem.ts";
import { stepsOf, type WalkedDag, walk } from "./walk.ts";

/** One plan for each agent step that is reached from the DAG, or every problem that stands in the way. Never rejects. */
export async function planSnapshots(
  dag: PlannableDag,
  library: Library,
  options: PlanOptions = {},
): Promise<PlanOutcome> {
  const walked = await walk(dag, options.resolveDag);
  const problems = [...walked.problems];
  const [root, ...children] = walked.dags.map(
    (visited): ChildPlans => planDag(visited, library, options, problems),
  );
  for (const local of walked.uncalled)
    planDag({ dag: local, origin: "uncalled" }, library, options, problems);
  return {
    plans: root?.plans ?? new Map(),
    children,
    deferred: walked.deferred,
    problems: eachOnce(problems),
  };
}

function planDag(
  { dag, origin }: WalkedDag,
  library: Library,
  options: PlanOptions,
  problems: Problem[],
): ChildPlans {
  const plans = new Map<string, StepPlan>();
  for (const step of stepsOf(dag)) {
    const wanted = step.kind === "agent" || (step.kind === "deploy" && step.agent !== undefined);
    if (!wanted) continue;
    const outcome = planStep({ dag, step, library, options });
    if (outcome.kind === "planned") plans.set(step.id, outcome.plan);
    else problems.push(...outcome.problems);
  }
  return { name: dag.name, file: dag.file, origin, digest: dag.digest ?? "", plans };
}

/** A broken item that several steps use is listed once. */
function eachOnce(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [problemText(problem), problem])).values()];
}

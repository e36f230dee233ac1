/** What every agent step of a DAG would be given, planned and packed here: no coordinator, no store. */

import { didYouMean, FaultError, present } from "@haversack/base";
import { type Problem, ProblemsError } from "@haversack/protocol";
import type {
  DeferredDag,
  Library,
  Pack,
  PlannableDag,
  PlanOutcome,
  SnapshotLimits,
  StepPlan,
} from "@haversack/snapshot";
import type { AgentsFolder } from "./agents-folder.ts";

export interface BuildAsked {
  readonly text: string;
  /** As problems name it. */
  readonly file: string;
  readonly agents: AgentsFolder;
  /** In the place of `model` in config.yaml. */
  readonly model?: string;
  readonly withMemory: boolean;
  readonly limits: SnapshotLimits;
}

export interface BuiltStep {
  /** Unique: the id of the step, with the name of its DAG before it when that is a child. */
  readonly name: string;
  readonly plan: StepPlan;
  readonly pack: Pack;
}

export interface BuildOutcome {
  readonly steps: readonly BuiltStep[];
  readonly deferred: readonly DeferredDag[];
  /** Not empty: no pack is to be used. */
  readonly problems: readonly Problem[];
}

export async function buildSteps(asked: BuildAsked): Promise<BuildOutcome> {
  const { buildPins, planSnapshots, readLibrary } = await import("@haversack/snapshot");
  const { agents, limits, model } = asked;
  const dag = await readDag(asked);
  if ("problems" in dag) return { steps: [], deferred: [], problems: dag.problems };
  const library = await readLibrary(agents.folder, { label: agents.label, limits });
  const options = model === undefined ? {} : { defaultModel: model };
  const outcome = await planSnapshots(dag, library, options);
  const plans = plansOf(outcome);
  const { packs, problems } = buildPins(plans, limits);
  const steps = await Promise.all([...packs].map((pin) => finish(pin, plans, library, asked)));
  return {
    steps: steps.filter((step): step is BuiltStep => "pack" in step),
    deferred: outcome.deferred,
    problems: [...outcome.problems, ...problems, ...steps.filter((step): step is Problem => "code" in step)],
  };
}

async function readDag({
  text,
  file,
}: BuildAsked): Promise<PlannableDag | { readonly problems: readonly Problem[] }> {
  const { readPlannableDag } = await import("@haversack/coordinator");
  try {
    return readPlannableDag(text, file);
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return { problems: error.problems };
  }
}

/** The DAG's own steps first, then those of the DAGs that it calls. */
function plansOf({ plans, children }: PlanOutcome): Map<string, StepPlan> {
  const called = children.flatMap((child) =>
    [...child.plans].map(([step, plan]): [string, StepPlan] => [`${child.name}.${step}`, plan]),
  );
  return new Map([...plans, ...called]);
}

/** The pin, or with the library's memory of this moment, as a coordinator adds it when the step becomes ready. */
async function finish(
  [name, pin]: readonly [name: string, pin: Pack],
  plans: ReadonlyMap<string, StepPlan>,
  { memory }: Library,
  { withMemory, limits }: BuildAsked,
): Promise<BuiltStep | Problem> {
  const { addMemory, SnapshotError } = await import("@haversack/snapshot");
  const plan = present(plans.get(name), "the plan of a pin");
  if (!withMemory) return { name, plan, pack: pin };
  const dag = memory.dags.get(plan.dag);
  const now = { global: memory.global, ...(dag === undefined ? {} : { dag }) };
  const { allowedStrings, place = { file: "", line: 0, column: 0, field: "" } } = plan;
  try {
    return { name, plan, pack: addMemory(pin.gzip, now, { limits, allowedStrings, report: pin.report }) };
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    return { ...place, code: error.code, message: error.message };
  }
}

/** All, or the one of this name. Throws `missing`. */
export function chosenSteps(steps: readonly BuiltStep[], name: string | undefined): readonly BuiltStep[] {
  if (name === undefined) return steps;
  const found = steps.filter((step) => step.name === name);
  if (found.length > 0) return found;
  const names = steps.map((step) => step.name);
  const held = names.length === 0 ? "the DAG has none" : `the DAG has ${names.join(", ")}`;
  const message = `there is no agent step ${JSON.stringify(name)}: ${held}${didYouMean(name, names)}`;
  throw new FaultError("missing", "unknown_step", message);
}

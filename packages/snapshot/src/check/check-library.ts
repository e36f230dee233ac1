/**
 * A whole library, strictly and without a DAG: what its files say wrong, whether every profile and every skill alone
 * could be planned and packed, and what the open skills specification asks for. A run needs less: only what its steps
 * name must be sound.
 */

import { readdir } from "node:fs/promises";
import { didYouMean } from "@haversack/base";
import { buildPins } from "../build/pins.ts";
import type { Library } from "../library/library.ts";
import { libraryEntries } from "../library/read-folder.ts";
import { defaultLimits, type SnapshotLimits } from "../limits.ts";
import { planSnapshots } from "../plan/plan.ts";
import type { PlannableDag, StepPlan } from "../plan/plannable.ts";
import { type Place, type Problem, problemText } from "../plan/problem.ts";
import type { AgentSettings } from "../plan/settings.ts";
import { checkSkill } from "./check-skill.ts";

/** Worth a look, and nothing that stops a run. */
export interface Advice extends Place {
  readonly message: string;
}

export interface LibraryCheck {
  readonly problems: readonly Problem[];
  readonly advice: readonly Advice[];
}

export interface CheckOptions {
  readonly limits?: SnapshotLimits;
  /** The operator's override of `model` in config.yaml. */
  readonly defaultModel?: string;
}

/** Everything at once, each thing once, in the order of the files. */
export async function checkLibrary(library: Library, options: CheckOptions = {}): Promise<LibraryCheck> {
  const skills = [...library.skills.values()].map(checkSkill);
  const planned = await planAll(library, options);
  const problems = [...library.problems, ...skills.flatMap((skill) => skill.problems), ...planned];
  const once = new Map(problems.map((problem) => [problemText(problem), plainProblem(problem)]));
  const advice = [...(await strangers(library)), ...skills.flatMap((skill) => skill.advice)];
  return { problems: [...once.values()], advice };
}

const plainProblem = ({ file, line, column, field, code, message }: Problem): Problem => ({
  file,
  line,
  column,
  field,
  code,
  message,
});

/** Each profile as a step would use it, then what config.yaml gives to every step, then the skills nobody names. */
async function planAll(library: Library, options: CheckOptions): Promise<Problem[]> {
  const problems: Problem[] = [];
  const named = new Set<string>();
  for (const { value, file } of library.profiles.values()) {
    const { plan, found } = await planOne({ use: value.id }, file, library, options);
    problems.push(...found);
    for (const skill of plan?.skills ?? []) named.add(skill.name);
  }
  const { file } = library.config;
  const bare = await planOne({}, file, library, options);
  // A step that is told nothing may have no model: that is no mistake of the library.
  problems.push(...bare.found.filter((problem) => problem.file === file && problem.field !== ""));
  const [model] = library.models.keys();
  for (const [name, skill] of library.skills) {
    if (named.has(name) || model === undefined) continue;
    problems.push(...(await planOne({ model, skills: [name] }, skill.file, library, options)).found);
  }
  return problems;
}

/** The plan of a step with these settings and what keeps it from becoming a pack; what is about the step is shown in `file`. */
async function planOne(settings: AgentSettings, file: string, library: Library, options: CheckOptions) {
  const { limits = defaultLimits, defaultModel } = options;
  const field = "step";
  const dag: PlannableDag = {
    name: "library",
    file,
    steps: [{ id: "any", kind: "agent", field, line: 0, agent: settings }],
  };
  const operator = defaultModel === undefined ? {} : { defaultModel };
  const { plans, problems } = await planSnapshots(dag, library, { placesInProfiles: true, ...operator });
  const packed = buildPins(plans, limits);
  const found = [...problems, ...packed.problems].map((problem) =>
    problem.file === file && problem.field.startsWith(`${field}.`) ? { ...problem, field: "" } : problem,
  );
  const plan: StepPlan | undefined = plans.get("any");
  return { plan, found };
}

/** Folders and settings files that nothing reads: a misspelt name loses all that is in it. */
async function strangers({ folder, config }: Library): Promise<Advice[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.name.startsWith(".") && !libraryEntries.includes(entry.name))
    .filter((entry) => entry.isDirectory() || /\.(ya?ml|json)$/.test(entry.name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name }) => ({
      file: config.file.replace(/config\.yaml$/, name),
      line: 0,
      column: 0,
      field: "",
      message: `is not read: it is no part of an agent library${didYouMean(name, libraryEntries)}`,
    }));
}

/** One step: its levels, the items they name, the merged config. Pure; returns every problem, not the first. */

import { didYouMean } from "@haversack/base";
import type { EffectiveConfig, McpServer, ModelSpec } from "../format/content.ts";
import { compareText, isId } from "../format/paths.ts";
import { modelRefs } from "../format/references.ts";
import type { Profile } from "../library/library.ts";
import { builtInSettings, workerTools } from "./built-in.ts";
import { mergeSettings } from "./effective-config.ts";
import { type Finder, findItem, type Naming, problemsOf } from "./include.ts";
import {
  defaultsLayer,
  type Layer,
  libraryLayers,
  pick,
  problemAt,
  type StepContext,
  stepLayer,
  stepPlace,
} from "./layers.ts";
import type { Inclusion, StepPlan } from "./plannable.ts";
import type { Problem } from "./problem.ts";

export type StepOutcome =
  | { readonly kind: "planned"; readonly plan: StepPlan }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

export function planStep(context: StepContext): StepOutcome {
  const { library, dag, step } = context;
  const finder: Finder = { library, problems: [...problemsOf(library, "config", "")], included: [] };
  const { layers, profile } = levels(context, finder);
  const models = findModels(context, layers, finder);
  const skills = findAll(layers, "skills", (id, naming) =>
    findItem(finder, "skill", library.skills, id, naming),
  );
  const soul = findSoul(layers, finder);
  const servers = findAll(layers, "mcpServers", (id, naming) =>
    findItem(finder, "mcpServer", library.mcpServers, id, naming),
  );
  const tools = findTools(layers, servers, finder);
  const settings = mergeSettings({ context, layers, tools, problems: finder.problems });
  includeMemory(context, settings.memory.read, layers, finder);
  if (finder.problems.length > 0) return { kind: "refused", problems: finder.problems };
  const config: EffectiveConfig = {
    ...settings,
    profile: profile?.id ?? null,
    instructions: profile?.instructions ?? "",
    modelChain: models.map(({ id }) => id),
    soul: soul?.id ?? null,
    skills: skills.map(({ name }) => name).toSorted(compareText),
    tools,
    mcpServers: servers.toSorted((a, b) => compareText(a.name, b.name)),
  };
  const included: Inclusion[] = [
    { section: "config", id: config.profile ?? "", why: `step ${step.id}` },
    ...finder.included,
  ];
  const souls = soul === undefined ? [] : [soul];
  const { allowedStrings } = library;
  return {
    kind: "planned",
    plan: {
      dag: dag.name,
      step: step.id,
      place: stepPlace(context, step.kind),
      config,
      models,
      skills,
      souls,
      included,
      allowedStrings,
    },
  };
}

/** Most specific first. The profile is named by the step or by the DAG's defaults. */
function levels(context: StepContext, finder: Finder): { layers: Layer[]; profile: Profile | undefined } {
  const { step, dag, library } = context;
  const own = stepLayer(context);
  const defaults = defaultsLayer(context);
  const fromStep = step.agent?.use !== undefined;
  const use = step.agent?.use ?? dag.defaultsAgent?.use;
  const rest = [defaults, ...libraryLayers(context)];
  if (use === undefined) return { layers: [own, ...rest], profile: undefined };
  const field = fromStep && step.kind === "deploy" ? "agent" : "use";
  const naming: Naming = { layer: fromStep ? own : defaults, field };
  const profile = findItem(finder, "profile", library.profiles, use, naming);
  if (profile === undefined) return { layers: [own, ...rest], profile };
  const { name: _, description: _description, ...settings } = profile.settings;
  const place = profilePlace(context, use) ?? (() => naming.layer.place(field));
  return { layers: [own, { why: `profile ${profile.id}`, settings, place }, ...rest], profile };
}

/**
 * What a profile names is shown where the DAG names the profile, because that is the line its author can change; unless
 * it is the library that is being checked.
 */
function profilePlace({ library, options }: StepContext, use: string): Layer["place"] | undefined {
  const profile = options.placesInProfiles === true ? library.profiles.get(use) : undefined;
  return profile && ((field) => ({ file: profile.file, ...profile.locate(field), field }));
}

/** In the order of the chain. */
function findModels(context: StepContext, layers: readonly Layer[], finder: Finder): ModelSpec[] {
  const { library, step } = context;
  const chain = pick(layers, ({ model }) => model);
  if (chain === undefined) {
    const message =
      `no model: name one in the step, its profile, defaults.agent or ${library.config.file}` +
      ` (the library has ${[...library.models.keys()].join(", ") || "none"})`;
    finder.problems.push({ ...stepPlace(context, step.kind), code: "unknown_model", message });
    return [];
  }
  const { value, layer } = chain;
  const list = typeof value === "string" ? [value] : value;
  const field = (index: number) => (typeof value === "string" ? "model" : `model[${index}]`);
  const models = list.flatMap((id, index) => {
    const model = findItem(finder, "model", library.models, id, { layer, field: field(index) });
    return model === undefined ? [] : [model];
  });
  checkSecrets(context, models, layer, finder);
  return models;
}

function checkSecrets(
  { options }: StepContext,
  models: readonly ModelSpec[],
  layer: Layer,
  finder: Finder,
): void {
  const { knownSecrets } = options;
  if (knownSecrets === undefined) return;
  for (const model of models) {
    for (const ref of modelRefs(model)) {
      if (!("secret" in ref) || knownSecrets.has(ref.secret)) continue;
      const near = didYouMean(ref.secret, knownSecrets);
      const message = `there is no secret "${ref.secret}" (named by model ${model.id})${near}`;
      finder.problems.push(problemAt(layer, "model", "unknown_secret", message));
    }
  }
}

function findAll<T>(
  layers: readonly Layer[],
  key: "skills" | "mcpServers",
  find: (id: string, naming: Naming) => T | undefined,
): T[] {
  const named = pick(layers, (settings) => settings[key]);
  return (named?.value ?? []).flatMap((id, index) => {
    const item = named && find(id, { layer: named.layer, field: `${key}[${index}]` });
    return item === undefined ? [] : [item];
  });
}

function findSoul(layers: readonly Layer[], finder: Finder) {
  const named = pick(layers, ({ soul }) => soul);
  return (
    named &&
    findItem(finder, "soul", finder.library.souls, named.value, { layer: named.layer, field: "soul" })
  );
}

/** Sorted. A tool that no worker has, or of a server that the step does not use, would never be called. */
function findTools(layers: readonly Layer[], servers: readonly McpServer[], finder: Finder): string[] {
  const named = pick(layers, ({ tools }) => tools);
  const tools = named?.value ?? builtInSettings.tools;
  for (const [index, tool] of tools.entries()) {
    const problem = toolProblem(tool, servers);
    if (problem === undefined || named === undefined) continue;
    const message = problem.message.replace("TOOL", `"${tool}" (named by ${named.layer.why})`);
    finder.problems.push(problemAt(named.layer, `tools[${index}]`, problem.code, message));
  }
  return [...new Set(tools)].toSorted(compareText);
}

function toolProblem(
  tool: string,
  servers: readonly McpServer[],
): Pick<Problem, "code" | "message"> | undefined {
  if (workerTools.includes(tool)) return undefined;
  const server = /^mcp__(.+?)__.+$/.exec(tool)?.[1];
  if (server === undefined || !isId(server)) {
    return { code: "unknown_tool", message: `there is no tool TOOL${didYouMean(tool, workerTools)}` };
  }
  if (servers.some(({ name }) => name === server)) return undefined;
  return {
    code: "unknown_mcp_server",
    message: `the tool TOOL needs the MCP server "${server}", which is not among the step's mcpServers`,
  };
}

function includeMemory(
  { dag, library }: StepContext,
  read: readonly string[],
  layers: readonly Layer[],
  finder: Finder,
): void {
  const why = pick(layers, ({ memory }) => memory?.read)?.layer.why ?? "";
  for (const scope of read) {
    const id = scope === "global" ? "global" : `dags/${dag.name}`;
    finder.included.push({ section: "memory", id, why });
    finder.problems.push(...problemsOf(library, "memory", id));
  }
}

/** Merges the levels of one step. Pure: what is asked beyond a bound of config.yaml is a problem, never cut in silence. */

import type {
  EffectiveConfig,
  EffectiveLimits,
  EffectivePermissions,
  MemoryModes,
  MemoryScopeName,
  Sandbox,
} from "../format/content.ts";
import { compareText } from "../format/paths.ts";
import { builtInSettings, builtInWrite } from "./built-in.ts";
import { type Layer, pick, problemAt, type StepContext } from "./layers.ts";
import type { Problem } from "./problem.ts";

/** The part of the config that needs no item of the library but config.yaml. */
export type MergedSettings = Pick<
  EffectiveConfig,
  | "engine"
  | "limits"
  | "permissions"
  | "effects"
  | "onAsk"
  | "onUnknownEffect"
  | "sandbox"
  | "network"
  | "memory"
>;

export interface MergeInput {
  readonly context: StepContext;
  readonly layers: readonly Layer[];
  readonly tools: readonly string[];
  readonly problems: Problem[];
}

export function mergeSettings(input: MergeInput): MergedSettings {
  const { layers } = input;
  return {
    engine: "builtin",
    limits: mergeLimits(input),
    permissions: mergePermissions(input),
    effects: effectsOf(input),
    onAsk: pick(layers, ({ onAsk }) => onAsk)?.value ?? builtInSettings.onAsk,
    onUnknownEffect:
      pick(layers, ({ onUnknownEffect }) => onUnknownEffect)?.value ?? builtInSettings.onUnknownEffect,
    sandbox: narrowSandbox(input),
    network: narrowNetwork(input).toSorted(compareText),
    memory: mergeMemory(input),
  };
}

const limitNames = ["maxTurns", "maxTokens", "maxCostUsd", "maxToolOutputBytes"] as const;
type LimitName = (typeof limitNames)[number];

function mergeLimits(input: MergeInput): EffectiveLimits {
  const limit = (name: LimitName) => mergeLimit(input, name);
  return {
    maxTurns: limit("maxTurns") ?? builtInSettings.limits.maxTurns,
    maxTokens: limit("maxTokens") ?? builtInSettings.limits.maxTokens,
    maxCostUsd: limit("maxCostUsd") ?? null,
    maxToolOutputBytes: limit("maxToolOutputBytes") ?? builtInSettings.limits.maxToolOutputBytes,
  };
}

/** A limit that nobody wrote is the ceiling where that is lower; one that somebody wrote must be below it. */
function mergeLimit({ context, layers, problems }: MergeInput, name: LimitName): number | undefined {
  const { ceilings } = context.library.config.value;
  const ceiling = ceilings?.[name];
  const found = pick(layers, ({ limits }) => limits?.[name]);
  if (ceiling === undefined) return found?.value;
  if (found === undefined || found.layer.settings === builtInSettings) {
    return Math.min(ceiling, found?.value ?? ceiling);
  }
  if (found.value > ceiling) {
    const message = `${name} ${found.value} (named by ${found.layer.why}) is over the ceiling ${ceiling} of config.yaml`;
    problems.push(problemAt(found.layer, `limits.${name}`, "ceiling_exceeded", message));
  }
  return found.value;
}

/** `deny` is the union of all levels; the other lists replace. Rules of tools that the step lacks are left out. */
function mergePermissions({ layers, tools }: MergeInput): EffectivePermissions {
  const deny = new Set(layers.flatMap(({ settings }) => settings.permissions?.deny ?? []));
  const rules = (name: "ask" | "allow") =>
    pick(layers, ({ permissions }) => permissions?.[name])?.value ?? [];
  const forTools = (all: Iterable<string>) =>
    [...all].filter((rule) => tools.some((tool) => isRuleOf(rule, tool)));
  return {
    deny: forTools(deny),
    ask: forTools(rules("ask")),
    allow: forTools(rules("allow")),
    default:
      pick(layers, ({ permissions }) => permissions?.default)?.value ?? builtInSettings.permissions.default,
  };
}

/** `glob` and `grep` obey the rules of `read`; the name of a rule may hold stars. */
function isRuleOf(rule: string, tool: string): boolean {
  const name = rule.replace(/\(.*$/s, "");
  if (name === "read" && (tool === "glob" || tool === "grep")) return true;
  const [head = "", ...rest] = name.split("*");
  if (rest.length === 0) return name === tool;
  return tool.startsWith(head) && endsWithPieces(tool.slice(head.length), rest);
}

/** Whether the pieces follow one another, with anything between, and the last one ends the text. */
function endsWithPieces(text: string, pieces: readonly string[]): boolean {
  let left = text;
  for (const piece of pieces.slice(0, -1)) {
    const at = left.indexOf(piece);
    if (at < 0) return false;
    left = left.slice(at + piece.length);
  }
  return left.endsWith(pieces.at(-1) ?? "");
}

function effectsOf({ context, tools }: MergeInput): EffectiveConfig["effects"] {
  const all = Object.entries(context.library.config.value.effects ?? {});
  return Object.fromEntries(all.filter(([tool]) => tools.includes(tool)));
}

/** How much a tier keeps in; `auto` picks the strongest and never none. */
const strength = { none: 0, auto: 1, bwrap: 1, container: 2 } as const satisfies Record<Sandbox, number>;

/** config.yaml may say anything; the more specific levels only narrow it. */
function narrowSandbox({ layers, problems }: MergeInput): Sandbox {
  let current: Sandbox | undefined;
  for (const layer of fromLeast(layers)) {
    const { sandbox } = layer.settings;
    if (sandbox === undefined) continue;
    if (current !== undefined && !isOfLibrary(layer) && strength[sandbox] < strength[current]) {
      const message = `the sandbox ${sandbox} (named by ${layer.why}) is weaker than ${current}; it can only be narrowed`;
      problems.push(problemAt(layer, "sandbox", "ceiling_exceeded", message));
    } else current = sandbox;
  }
  return current ?? builtInSettings.sandbox;
}

function narrowNetwork({ layers, problems }: MergeInput): readonly string[] {
  let current: readonly string[] = [];
  for (const layer of fromLeast(layers)) {
    const { network } = layer.settings;
    if (network === undefined) continue;
    const extra = isOfLibrary(layer) ? undefined : network.find((host) => !covers(current, host));
    if (extra !== undefined) {
      const message = `the host ${JSON.stringify(extra)} (named by ${layer.why}) is not in the network that config.yaml allows`;
      problems.push(problemAt(layer, "network", "ceiling_exceeded", message));
    }
    current = network;
  }
  return current;
}

function covers(hosts: readonly string[], host: string): boolean {
  return hosts.some(
    (allowed) => allowed === host || (allowed.startsWith("*.") && host.endsWith(allowed.slice(1))),
  );
}

function fromLeast(layers: readonly Layer[]): Layer[] {
  return layers.toReversed();
}

function isOfLibrary({ why }: Layer): boolean {
  return why === "config.yaml" || why === "built in";
}

const scopes = ["dag", "global"] as const satisfies readonly MemoryScopeName[];

function mergeMemory(input: MergeInput): MemoryModes {
  const { context, layers } = input;
  const asked =
    pick(
      layers.filter((layer) => !isOfLibrary(layer)),
      ({ memory }) => memory?.read,
    )?.value ?? [];
  const read = scopes.filter((scope) => asked.includes(scope));
  const mode = (scope: MemoryScopeName) => writeMode(input, scope, read);
  return {
    read,
    write: { global: mode("global"), dag: mode("dag") },
    dag: read.includes("dag") ? context.dag.name : null,
  };
}

/** Writing a scope needs reading it: whoever asks for one without the other is told, a default just does not apply. */
function writeMode(
  { context, layers, problems }: MergeInput,
  scope: MemoryScopeName,
  read: readonly MemoryScopeName[],
) {
  const found = pick(layers, ({ memory }) => memory?.write?.[scope]);
  if (found === undefined || found.value === "none" || context.step.kind === "deploy") return builtInWrite;
  if (read.includes(scope)) return found.value;
  if (!isOfLibrary(found.layer)) {
    const message = `${found.layer.why} writes the memory ${scope} without reading it; add ${scope} to memory.read`;
    problems.push(problemAt(found.layer, `memory.write.${scope}`, "invalid_settings", message));
  }
  return builtInWrite;
}

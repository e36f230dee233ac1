/**
 * The levels at which a step's settings are written, most specific first: step, profile, the DAG's `defaults.agent`,
 * the operator's model, config.yaml, built in. A picked value remembers its level, which is the *why* of a plan.
 */

import type { Library } from "../library/library.ts";
import { builtInSettings } from "./built-in.ts";
import type { PlannableDag, PlannableStep, PlanOptions } from "./plannable.ts";
import { type Place, type Problem, type ProblemCode, unknownPosition } from "./problem.ts";
import type { LayerSettings } from "./settings.ts";

export interface Layer {
  /** `step notes`, `profile repo-analyst`, `defaults.agent`, `config.yaml`, `built in`. */
  readonly why: string;
  readonly settings: LayerSettings;
  /** Where a field of these settings is shown to a person. */
  readonly place: (field: string) => Place;
}

export interface Picked<T> {
  readonly value: T;
  readonly layer: Layer;
}

/** The value of the most specific level that has one. */
export function pick<T>(
  layers: readonly Layer[],
  read: (settings: LayerSettings) => T | undefined,
): Picked<T> | undefined {
  for (const layer of layers) {
    const value = read(layer.settings);
    if (value !== undefined) return { value, layer };
  }
  return undefined;
}

/** Says who named what is wrong, unless the place says it already. */
export function problemAt(layer: Layer, field: string, code: ProblemCode, message: string): Problem {
  return { ...layer.place(field), code, message };
}

export interface StepContext {
  readonly dag: PlannableDag;
  readonly step: PlannableStep;
  readonly library: Library;
  readonly options: Omit<PlanOptions, "resolveDag">;
}

/** The place of a field of the step itself, such as `agent.use`. */
export function stepPlace({ dag, step }: Pick<StepContext, "dag" | "step">, field: string): Place {
  const full = `${step.field}.${field}`;
  const position = dag.locate?.(full) ?? { line: step.line, column: 0 };
  return { file: dag.file, line: position.line, column: position.column, field: full };
}

export function stepLayer(context: StepContext): Layer {
  const { step } = context;
  return {
    why: `step ${step.id}`,
    settings: step.agent ?? {},
    place: (field) => stepPlace(context, `${step.kind}.${field}`),
  };
}

export function defaultsLayer({ dag }: StepContext): Layer {
  return {
    why: "defaults.agent",
    settings: dag.defaultsAgent ?? {},
    place: (field) => {
      const full = `defaults.agent.${field}`;
      return { file: dag.file, ...(dag.locate?.(full) ?? unknownPosition), field: full };
    },
  };
}

/** The operator's model, config.yaml and the built-in values. */
export function libraryLayers({ library, options }: StepContext): Layer[] {
  const {
    version: _,
    ceilings: _ceilings,
    effects: _effects,
    gateway: _gateway,
    import: _import,
    ...settings
  } = library.config.value;
  const { file, locate } = library.config;
  const config = {
    why: "config.yaml",
    settings,
    place: (field: string) => ({ file, ...locate(field), field }),
  };
  const nowhere = (name: string) => (field: string) => ({ file: name, ...unknownPosition, field });
  const builtIn = { why: "built in", settings: builtInSettings, place: nowhere("built in") };
  const { defaultModel } = options;
  if (defaultModel === undefined) return [config, builtIn];
  const model = typeof defaultModel === "string" ? defaultModel : [...defaultModel];
  return [
    { why: "the operator", settings: { model }, place: nowhere("the operator's model") },
    config,
    builtIn,
  ];
}

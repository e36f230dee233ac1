/**
 * What steps get from those before them. Dagu sets the outputs of all steps that have ended as variables; here a step names
 * the outputs of its ancestors. Dagu skips what is behind a skipped step; here that is asked for with `if`.
 */

import { FaultError } from "@haversack/base";
import { type DraftStep, variablesOf } from "./draft.ts";
import { environmentOf, isTaken } from "./environment.ts";
import type { Losses } from "./losses.ts";
import { outputOf, pathMeaning, refusePaths, refuseResult, rewritePaths } from "./paths.ts";
import { variablesIn } from "./variables.ts";

export interface FlowSetting {
  readonly losses: Losses;
  readonly params: ReadonlySet<string>;
  /** Of the DAG, as it stands in our file. */
  readonly env: ReadonlyMap<string, string>;
}

/** Variables that Dagu sets, where they have a counterpart. */
const ownVariables: Readonly<Record<string, (step: DraftStep) => string>> = {
  DAG_NAME: () => "${{ run.dag }}",
  DAG_RUN_ID: () => "${{ run.id }}",
  DAG_EXECUTION_ID: () => "${{ run.id }}",
  DAG_RUN_STEP_NAME: ({ id }) => id,
};
const handlerVariables: typeof ownVariables = { ...ownVariables, DAG_RUN_STATUS: () => "${{ run.status }}" };
const unknownVariable = /^(DAG_RUN_\w+|DAG_\w*LOG\w*|DAGU_\w+)$/;

/** Sets the environment of each step. */
export function connect(steps: readonly DraftStep[], { losses, params, env }: FlowSetting): void {
  const ancestors = ancestorsOf(steps);
  for (const step of steps) {
    const before = ancestors.get(step.id) ?? new Set();
    const producer = producers(steps, (id) => before.has(id));
    const calls = steps.filter(({ id }) => before.has(id));
    fill(step, { own: ownVariables, producer, before: calls }, { losses, params, env });
    const elsewhere = producers(steps, (id) => !before.has(id) && id !== step.id);
    for (const name of variablesIn(step.script)) {
      const other = elsewhere(name);
      if (other !== undefined && producer(name) === undefined && !env.has(name) && !step.env.has(name))
        losses.lose(
          step.field,
          `$${name} is the output of "${other}", which does not run before: add it to \`depends\``,
        );
    }
  }
}

/** The same for handlers, which see all steps. */
export function connectHandler(handler: DraftStep, steps: readonly DraftStep[], setting: FlowSetting): void {
  const producer = producers(steps, () => true);
  fill(handler, { own: handlerVariables, producer, before: steps }, setting);
}

type Producer = (name: string) => string | undefined;

/** The last step in the file whose output has the name. */
function producers(steps: readonly DraftStep[], counts: (id: string) => boolean): Producer {
  const byName = new Map(
    steps.flatMap((step) =>
      counts(step.id) ? variablesOf(step).map((name) => [name, step.id] as const) : [],
    ),
  );
  return (name) => byName.get(name);
}

interface Known {
  readonly own: typeof ownVariables;
  readonly producer: Producer;
  readonly before: readonly DraftStep[];
}

function fill(step: DraftStep, known: Known, { losses, params, env }: FlowSetting): void {
  const { own, producer, before } = known;
  const meaning = (name: string): string | undefined => {
    const from = producer(name);
    if (from !== undefined) return outputOf(from, name);
    return Object.hasOwn(own, name) ? own[name]?.(step) : undefined;
  };
  const plain = (name: string): string | undefined =>
    meaning(name) ?? env.get(name) ?? (params.has(name) ? `\${{ params.${name} }}` : undefined);
  const outer = (path: string): string | undefined => plain(path) ?? pathMeaning(path, before, plain);
  for (const [name, value] of environmentOf(step.ownEnv, outer, losses)) step.env.set(name, value);
  if (step.work !== undefined) {
    step.workLines = step.work.lines((path) => step.env.get(path) ?? outer(path));
    return;
  }
  rewritePaths(step, outer);
  for (const name of variablesIn([...step.prelude, step.script].join("\n"))) {
    const value = meaning(name);
    if (value !== undefined && !step.env.has(name)) step.env.set(name, value);
    else if (params.has(name) && isTaken(name)) step.prelude.unshift(`${name}="$PARAM_${name}"`);
    else if (value === undefined && unknownVariable.test(name))
      losses.lose(step.field, `$${name} is set by Dagu; nothing here says it`);
  }
  const child = before.find(({ work }) => work?.result !== undefined && uses(step, work.result));
  if (child === undefined) refusePaths(step, losses);
  else refuseResult(step, child, losses);
}

const uses = ({ script }: DraftStep, name: string): boolean => variablesIn(script).has(name);

function ancestorsOf(steps: readonly DraftStep[]): ReadonlyMap<string, ReadonlySet<string>> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const known = new Map<string, Set<string>>();
  const visit = (id: string, path: ReadonlySet<string>): Set<string> => {
    const before = known.get(id);
    if (before !== undefined) return before;
    if (path.has(id)) throw new FaultError("invalid", "cycle", `the step "${id}" waits for itself`);
    const found = new Set<string>();
    for (const parent of byId.get(id)?.depends ?? []) {
      found.add(parent);
      for (const each of visit(parent, new Set([...path, id]))) found.add(each);
    }
    known.set(id, found);
    return found;
  };
  for (const { id } of steps) visit(id, new Set());
  return known;
}

/** Behind a step that may be skipped, others are skipped too, unless it says `continueOn: skipped`. */
export function passSkipsOn(steps: readonly DraftStep[]): void {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const done = new Map<string, boolean>();
  const maySkip = (id: string): boolean => {
    const known = done.get(id);
    if (known !== undefined) return known;
    done.set(id, false);
    const step = byId.get(id);
    const from = (step?.depends ?? []).filter(
      (parent) => maySkip(parent) && byId.get(parent)?.continueOnSkipped === false,
    );
    for (const parent of from) step?.conditions.push(`steps.${parent}.status != 'skipped'`);
    done.set(id, (step?.conditions.length ?? 0) > 0);
    return done.get(id) === true;
  };
  for (const { id } of steps) maySkip(id);
}

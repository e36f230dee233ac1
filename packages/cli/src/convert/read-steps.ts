/** The steps of a Dagu file and who waits for whom. */

import { metBy, testStep } from "./conditions.ts";
import { type DraftStep, idFor } from "./draft.ts";
import { type ReadStep, readStep, type StepSetting } from "./read-step.ts";
import { type Entry, isMap } from "./section.ts";

/** Steps that start together; each group waits for the one before, in a chain. */
type Group = readonly ReadStep[];

export function readSteps(entry: Entry | undefined, isChain: boolean, setting: StepSetting): DraftStep[] {
  const groups = groupsOf(entry, setting);
  const steps = groups.flat();
  const idOf = new Map(
    steps.flatMap(({ names, draft, approval }) =>
      names.map((name) => [name, lastId(draft, approval)] as const),
    ),
  );
  for (const [index, group] of groups.entries()) {
    const before =
      isChain && index > 0
        ? (groups[index - 1] ?? []).map(({ draft, approval }) => lastId(draft, approval))
        : [];
    for (const { draft, depends } of group) {
      draft.depends = depends === undefined ? before : known(depends, draft, idOf, setting);
    }
  }
  return steps.flatMap((step) => [
    ...withTests(step, setting),
    ...(step.approval === undefined ? [] : [step.approval]),
  ]);
}

/** What others wait for. */
const lastId = (draft: DraftStep, approval: DraftStep | undefined): string => (approval ?? draft).id;

function groupsOf(entry: Entry | undefined, setting: StepSetting): Group[] {
  if (entry === undefined) return [];
  const { value, field } = entry;
  if (isMap(value))
    return Object.entries(value).map(([name, each]) => [readStep(each, `${field}.${name}`, name, setting)]);
  if (!Array.isArray(value)) return [];
  let count = 0;
  const read = (each: unknown, at: string): ReadStep => readStep(each, at, `step-${++count}`, setting);
  return value.map((each: unknown, index) => {
    const at = `${field}[${index}]`;
    return Array.isArray(each)
      ? each.map((one: unknown, place) => read(one, `${at}[${place}]`))
      : [read(each, at)];
  });
}

function known(
  names: readonly string[],
  { id, field }: DraftStep,
  idOf: ReadonlyMap<string, string>,
  { losses }: StepSetting,
): string[] {
  const ids = names.flatMap((name) => {
    const found = idOf.get(name);
    if (found === undefined)
      losses.lose(
        `${field}.depends`,
        `the step ${JSON.stringify(id)} depends on ${JSON.stringify(name)}, which is no step`,
      );
    return found ?? [];
  });
  return [...new Set(ids)];
}

/** A step whose preconditions are commands has another one before it. */
function withTests({ draft, tests }: ReadStep, { taken }: StepSetting): DraftStep[] {
  if (tests.length === 0) return [draft];
  const before = testStep(idFor(`${draft.id}-precondition`, taken), tests, draft);
  taken.add(before.id);
  before.depends = draft.depends;
  draft.conditions.unshift(metBy(before.id));
  draft.depends = [...(draft.depends ?? []), before.id];
  if (draft.ownEnv !== undefined) return [{ ...before, ownEnv: draft.ownEnv }, draft];
  return [before, draft];
}

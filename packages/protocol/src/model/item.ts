/**
 * Items of a step with `foreach` or `matrix`: each is a step of its own, called by the step's id and its position, such
 * as `build.3`. No id of a DAG file has a dot, so that the name means one thing, on a command line and as a file's name.
 */

import { type DagSpec, type StepSpec, stepsCount } from "./dag.ts";
import { parseStepId, type StepId } from "./ids.ts";

/** Of one step. Numbers of rows are made from it, so it never changes. */
export const itemsMax = 1000;

/** @param item from 0 */
export const itemId = (groupId: string, item: number): StepId => parseStepId(`${groupId}.${item}`);

/** Undefined: it is the name of a step, not of an item. */
export function itemOfId(id: string): { readonly groupId: string; readonly item: number } | undefined {
  const [, groupId, item] = /^([^.]+)\.(0|[1-9][0-9]{0,2})$/.exec(id) ?? [];
  return groupId === undefined ? undefined : { groupId, item: Number(item) };
}

/** An item's number in the store: behind all steps and handlers there is a place for every item that could be. */
export const itemIndex = (dag: DagSpec, group: number, item: number): number =>
  stepsCount(dag) + group * itemsMax + item;

/** The numbers of all items that a step could have: from one to before the other. */
export const itemRange = (dag: DagSpec, group: number): readonly [number, number] => [
  itemIndex(dag, group, 0),
  itemIndex(dag, group + 1, 0),
];

/** Undefined: the number of a step. */
export function itemAt(
  dag: DagSpec,
  index: number,
): { readonly group: number; readonly item: number } | undefined {
  const group = groupOfIndex(stepsCount(dag), index);
  return group === undefined ? undefined : { group, item: (index - stepsCount(dag)) % itemsMax };
}

/** The number of the step that it is an item of. @param steps how many steps and handlers there are */
export const groupOfIndex = (steps: number, index: number): number | undefined =>
  index < steps ? undefined : Math.floor((index - steps) / itemsMax);

/** The step with this number in the store; of an item the step that it is an item of. */
export function stepAt(dag: DagSpec, index: number): StepSpec | undefined {
  const item = itemAt(dag, index);
  if (item !== undefined) return dag.steps[item.group];
  return dag.steps[index] ?? dag.handlers?.[index - dag.steps.length];
}

/** What the step, or the item, with this number is called. */
export function stepIdAt(dag: DagSpec, index: number): StepId | undefined {
  const id = stepAt(dag, index)?.id;
  const item = itemAt(dag, index)?.item;
  if (id === undefined) return undefined;
  return item === undefined ? parseStepId(id) : itemId(id, item);
}

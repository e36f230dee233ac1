/** The items of steps with `foreach` or `matrix`, as a person names them: `build.3`. */

import { FaultError } from "@haversack/base";
import { type HaversackClient, itemOfId, parseStepId, type RunDetail, type Step } from "@haversack/protocol";

/** Each item behind the step that it is an item of. */
export async function withItems(
  client: HaversackClient,
  run: RunDetail,
  signal: AbortSignal,
): Promise<RunDetail> {
  const steps: Step[] = [];
  for (const step of run.steps) {
    steps.push(step);
    if (step.items !== undefined) steps.push(...(await itemsOf(client, run.id, step.id, signal)));
  }
  return { ...run, steps };
}

/** With the one step alone, and its items; of an item with that alone. */
export async function withStep(
  client: HaversackClient,
  run: RunDetail,
  name: string,
  signal: AbortSignal,
): Promise<RunDetail> {
  const known = knownStep(run, name);
  const steps = run.steps.filter(({ id }) => id === known);
  if (steps.length > 0) return await withItems(client, { ...run, steps }, signal);
  return { ...run, steps: await itemsOf(client, run.id, known, signal) };
}

/** Rejects a name that is neither a step's nor an item's. */
export function knownStep(run: RunDetail, name: string): string {
  const step = run.steps.find((each) => each.id === name);
  if (step !== undefined) return step.id;
  const { groupId, item } = itemOfId(name) ?? {};
  const group = run.steps.find((each) => each.id === groupId && each.items !== undefined);
  const total = group?.items?.total ?? 0;
  if (item !== undefined && item < total) return name;
  const known = run.steps.map((each) => each.id).join(", ");
  const have = group === undefined ? `it has ${known}` : `${group.id} has ${itemsText(group.id, total)}`;
  const message = `run ${run.id} has no step ${parseStepId(name)}; ${have}`;
  throw new FaultError("missing", "unknown_step", message);
}

async function itemsOf(
  client: HaversackClient,
  runId: string,
  stepId: string,
  signal: AbortSignal,
): Promise<Step[]> {
  const items: Step[] = [];
  let pageToken = "";
  do {
    const page = await client.items({ runId, stepId, pageToken }, signal);
    items.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return items;
}

function itemsText(id: string, total: number): string {
  if (total === 0) return "no items so far";
  return total === 1 ? `one item, ${id}.0` : `${total} items, ${id}.0 to ${id}.${total - 1}`;
}

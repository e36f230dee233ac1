/** One page of the items of a step. */

import { FaultError } from "@haversack/base";
import { parseRunId, type Step, stepToWire } from "@haversack/protocol";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import type { Store } from "../store/store.ts";

const countMax = 100;
/** Outputs of one page: an item may have much, and a message holds only so much. */
const bytesMax = 2 * 1024 * 1024;

export interface ItemsRequest {
  readonly runId: string;
  readonly stepId: string;
  readonly pageSize: number;
  /** The position of the first item. */
  readonly pageToken: string;
}

export async function listItems(
  { store, dispatcher }: { readonly store: Store; readonly dispatcher: Dispatcher },
  { runId, stepId, pageSize, pageToken }: ItemsRequest,
) {
  if (pageSize > countMax) {
    const message = `page_size is ${pageSize}, at most ${countMax}`;
    throw new FaultError("invalid", "bad_page_size", message);
  }
  if (!/^[0-9]{0,4}$/.test(pageToken)) {
    throw new FaultError("invalid", "bad_page_token", "page_token is not one that was given");
  }
  const id = parseRunId(runId);
  const from = Number(pageToken);
  const limit = pageSize === 0 ? countMax : pageSize;
  const items = await store.read.itemsRead({ id, stepId, from, limit: limit + 1 });
  const count = countThatFits(
    items.slice(0, limit).map(({ step }) => step),
    bytesMax,
  );
  const isReady = items.some(({ step }) => step.phase === "ready");
  const reasons = isReady ? await dispatcher.whyWaiting(id) : new Map<number, string>();
  const page = items.slice(0, count).map(({ index, step }) => {
    const waitingFor = step.phase === "ready" ? reasons.get(index) : undefined;
    return stepToWire(waitingFor === undefined ? step : { ...step, waitingFor });
  });
  return { items: page, nextPageToken: items.length > count ? String(from + count) : "" };
}

/** How many of these have no more than so much together; one at least. */
export function countThatFits(steps: readonly Pick<Step, "outputs">[], bytes: number): number {
  let left = bytes;
  for (const [count, { outputs }] of steps.entries()) {
    left -= Buffer.byteLength(JSON.stringify(outputs));
    if (left < 0) return Math.max(1, count);
  }
  return steps.length;
}

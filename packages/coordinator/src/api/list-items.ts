/** One page of the items of a step. */

import { FaultError } from "@haversack/base";
import { parseRunId, stepToWire } from "@haversack/protocol";
import { type ExplainParts, whyWaiting } from "../dispatch/explainer.ts";
import { countThatFits, outputBytes } from "./count-that-fits.ts";
import { pageLimit } from "./page-size.ts";

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

export async function listItems(parts: ExplainParts, { runId, stepId, pageSize, pageToken }: ItemsRequest) {
  const limit = pageLimit(pageSize, countMax, countMax);
  if (!/^[0-9]{0,4}$/.test(pageToken)) {
    throw new FaultError("invalid", "bad_page_token", "page_token is not one that was given");
  }
  const id = parseRunId(runId);
  const from = Number(pageToken);
  const items = await parts.store.read.itemsRead({ id, stepId, from, limit: limit + 1 });
  const sizes = items.slice(0, limit).map(({ step }) => outputBytes(step));
  const count = countThatFits(sizes, bytesMax);
  const isReady = items.some(({ step }) => step.phase === "ready");
  const reasons = isReady ? await whyWaiting(parts, id) : undefined;
  const page = items.slice(0, count).map(({ index, step }) => {
    const waitingFor = step.phase === "ready" ? reasons?.get(index)?.[0]?.message : undefined;
    return stepToWire(waitingFor === undefined ? step : { ...step, waitingFor });
  });
  return { items: page, nextPageToken: items.length > count ? String(from + count) : "" };
}

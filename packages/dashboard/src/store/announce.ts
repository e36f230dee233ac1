/** What somebody who hears the page is told of an image: transitions, and each ten percent. Pure. */

import type { WorkerImage } from "@haversack/protocol";
import { stateNames } from "./image-words.ts";

const stepPercent = 10;

/** Undefined: nothing worth a word. What was there when the page came up is none. */
export function announcement(before: WorkerImage | undefined, now: WorkerImage): string | undefined {
  if (before === undefined) return undefined;
  const { workerName, status, lost } = now;
  const who = `${workerName}: `;
  if (lost !== before.lost) return `${who}${lost ? "the worker is away" : "the worker is back"}`;
  if (status.state !== before.status.state || status.attempt !== before.status.attempt)
    return `${who}${stateNames[status.state]}${detail(now)}`;
  const { percent } = status.progress ?? {};
  if (percent === undefined) return undefined;
  const passed = Math.floor(percent / stepPercent) * stepPercent;
  return passed > 0 && passed > (before.status.progress?.percent ?? 0)
    ? `${who}${passed} percent`
    : undefined;
}

function detail({ status: { state, failure, cancelledBy } }: WorkerImage): string {
  if (state === "failed" && failure !== undefined) return `, ${failure.message}`;
  return state === "cancelled" && cancelledBy !== undefined ? ` by ${cancelledBy}` : "";
}

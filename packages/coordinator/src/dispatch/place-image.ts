/** Which workers had better get a deploy because the base image is there already. Never a filter, and never a delay. Pure. */

import type { ViewQueue, ViewWorker } from "./view.ts";

/**
 * 1 for a worker with the base image that it should have, 0 for the others: also for one with more than twice as many
 * deployments as the mean of those that could take it, so that the first host with the image does not get everything.
 */
export function imageBonus(
  { deployment }: ViewQueue,
  able: readonly ViewWorker[],
  deploymentsOf: (worker: ViewWorker) => number,
): (worker: ViewWorker) => 0 | 1 {
  // An image by reference is pulled as a part of the deploy.
  if (deployment === undefined || deployment.pulls) return () => 0;
  const all = able.reduce((sum, worker) => sum + deploymentsOf(worker), 0);
  const tooMany = (2 * all) / Math.max(1, able.length);
  return (worker) => (worker.imagesReady?.has("base") === true && deploymentsOf(worker) <= tooMany ? 1 : 0);
}

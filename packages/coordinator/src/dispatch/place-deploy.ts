/** Who may deploy what, why not, and who had better. Pure. */

import { hash } from "node:crypto";
import { takesLabel } from "@haversack/protocol";
import type { DeploymentNeed } from "../runs/deployment-name.ts";
import { testText, unmetLabels } from "../runs/selector.ts";
import type { Unplaced, ViewQueue, ViewWorker } from "./view.ts";

const takesOnlyDeploys = ({ labels }: ViewWorker): boolean => labels.get(takesLabel) === "deploys";

/** What stands under a name is changed where it stands, and nowhere else. What is no deploy goes to workers that take all. */
export function mayDeploy({ deployment, standsOn }: ViewQueue, worker: ViewWorker): boolean {
  if (deployment === undefined) return !takesOnlyDeploys(worker);
  if (standsOn !== undefined && standsOn.id !== worker.id) return false;
  return engineObstacle(deployment, worker) === undefined;
}

/** Continues a sentence that begins with the worker's name; undefined: it can. */
function engineObstacle({ pulls }: DeploymentNeed, { engine }: ViewWorker): string | undefined {
  if (engine === undefined) return "was started without --deploy";
  if (engine.unavailable !== undefined) return `cannot use ${engine.kind} (${engine.unavailable})`;
  if (pulls && engine.kind === "lxd") return "has lxd, which pulls no images by reference";
  return undefined;
}

/** Of a name that stands somewhere: why not even that worker may change it. Undefined: it may, or the name is free. */
export function whyNotThere(queue: ViewQueue, workers: readonly ViewWorker[]): Unplaced | undefined {
  const { deployment, standsOn, selector } = queue;
  if (deployment === undefined || standsOn === undefined) return undefined;
  const { name } = deployment;
  const worker = workers.find(({ id }) => id === standsOn.id);
  if (worker === undefined) return { why: "deployment-on-lost-worker", name, worker: standsOn.name };
  const [unmet] = unmetLabels(selector, worker.labels);
  const label =
    unmet === undefined ? undefined : `lacks ${testText(unmet, selector[unmet] ?? { exists: true })}`;
  const obstacle = label ?? engineObstacle(deployment, worker);
  return obstacle === undefined
    ? undefined
    : { why: "deployment-elsewhere", name, worker: standsOn.name, obstacle };
}

/** @param matching workers with the labels that are asked for */
export function onlyDeploys(
  { deployment }: ViewQueue,
  matching: readonly ViewWorker[],
): Unplaced | undefined {
  const names = matching.filter(takesOnlyDeploys).map(({ name }) => name);
  return deployment === undefined && names.length > 0 ? { why: "only-deploys", names } : undefined;
}

/** @param matching workers with the labels that are asked for */
export function noEngine({ deployment }: ViewQueue, matching: readonly ViewWorker[]): Unplaced | undefined {
  if (deployment === undefined) return undefined;
  const told = matching.flatMap((worker) => {
    const obstacle = engineObstacle(deployment, worker);
    return obstacle === undefined ? [] : [{ worker, obstacle }];
  });
  // One whose engine is broken comes nearer than one that has none.
  const nearest = told.find(({ worker }) => worker.engine !== undefined) ?? told[0];
  if (nearest === undefined) return undefined;
  return { why: "no-engine", nearest: `${nearest.worker.name} ${nearest.obstacle}` };
}

/**
 * Which of two workers gets a deployment, all else being equal: the one with fewer of them, then always the same one for
 * the same name.
 * @returns below 0: the first
 */
export function compareForDeploy(
  name: string,
  [a, b]: readonly [ViewWorker, ViewWorker],
  deploymentsOf: (worker: ViewWorker) => number,
): number {
  const fewer = deploymentsOf(a) - deploymentsOf(b);
  return fewer === 0 ? rank(name, a) - rank(name, b) : fewer;
}

const rank = (name: string, { id }: ViewWorker): number =>
  Number.parseInt(hash("sha256", `${name}\n${id}`).slice(0, 12), 16);

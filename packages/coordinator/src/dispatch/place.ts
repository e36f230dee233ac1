/**
 * Who gets what, and why not. Each step in turn goes to the worker that may run it, has a free slot and holds the
 * step's pack already; among equals to the one with the most free slots, a deploy to the one with the fewest deployments. A step that fits nobody holds up no other.
 */

import { matches, testText, unmetLabels } from "../runs/selector.ts";
import { compareForDeploy, mayDeploy, noEngine, onlyDeploys, whyNotThere } from "./place-deploy.ts";
import { imageBonus } from "./place-image.ts";
import type { FleetView, Plan, Unplaced, ViewQueue, ViewStep, ViewWorker } from "./view.ts";

export function place<S extends ViewStep>(view: FleetView & { readonly steps: readonly S[] }): Plan<S> {
  const credits = new Map(view.workers.map((worker) => [worker.id, worker.credits]));
  const deployments = new Map(view.workers.map((worker) => [worker.id, worker.deployments ?? 0]));
  const ableOf = new Map<ViewQueue, readonly ViewWorker[]>();
  const placed: { step: S; workerId: string }[] = [];
  const unplaced: { step: S; reason: Unplaced }[] = [];
  for (const step of view.steps) {
    const able = ableOf.get(step.queue) ?? ableWorkers(step.queue, view.workers);
    ableOf.set(step.queue, able);
    const best = pick(step, able, { credits, deployments });
    if (best === undefined) {
      unplaced.push({ step, reason: whyNot(step.queue, able, view.workers) });
      continue;
    }
    credits.set(best.id, (credits.get(best.id) ?? 0) - 1);
    if (step.queue.deployment !== undefined) deployments.set(best.id, (deployments.get(best.id) ?? 0) + 1);
    placed.push({ step, workerId: best.id });
  }
  return { placed, unplaced };
}

/** Those that may run the steps of a queue, their load aside. */
export const ableWorkers = (queue: ViewQueue, workers: readonly ViewWorker[]): ViewWorker[] =>
  workers.filter(
    (worker) =>
      matches(queue.selector, worker.labels) &&
      packObstacle(queue, worker) === undefined &&
      mayDeploy(queue, worker),
  );

function packObstacle({ pack }: ViewQueue, worker: ViewWorker): Unplaced | undefined {
  if (pack === undefined) return undefined;
  const version = pack.formatVersion;
  const reads = { min: worker.snapshotMinVersion, max: worker.snapshotMaxVersion };
  if (version < reads.min || version > reads.max) {
    return { why: "snapshot-version", version, reads };
  }
  const feature = pack.requires.find((name) => !worker.snapshotFeatures.includes(name));
  const known = worker.snapshotFeatures;
  return feature === undefined ? undefined : { why: "snapshot-feature", feature, known };
}

interface Loads {
  readonly credits: ReadonlyMap<string, number>;
  readonly deployments: ReadonlyMap<string, number>;
}

function pick(
  step: ViewStep,
  able: readonly ViewWorker[],
  { credits, deployments }: Loads,
): ViewWorker | undefined {
  const digest = step.snapshotDigest ?? step.pinDigest;
  const holds = (worker: ViewWorker): number =>
    digest !== undefined && worker.snapshotsHeld.has(digest) ? 1 : 0;
  const free = (worker: ViewWorker): number => credits.get(worker.id) ?? 0;
  const deployed = (worker: ViewWorker): number => deployments.get(worker.id) ?? 0;
  const { deployment } = step.queue;
  const image = imageBonus(step.queue, able, deployed);
  const suits = (worker: ViewWorker): number => 2 * image(worker) + holds(worker);
  const isBetter = (worker: ViewWorker, other: ViewWorker): boolean =>
    deployment === undefined
      ? free(worker) > free(other)
      : compareForDeploy(deployment.name, [worker, other], deployed) < 0;
  let best: ViewWorker | undefined;
  for (const worker of able) {
    if (free(worker) <= 0) continue;
    if (
      best === undefined ||
      suits(worker) > suits(best) ||
      (suits(worker) === suits(best) && isBetter(worker, best))
    ) {
      best = worker;
    }
  }
  return best;
}

/** Why no worker takes a step of the queue at this moment. */
export function whyNot(
  queue: ViewQueue,
  able: readonly ViewWorker[],
  workers: readonly ViewWorker[],
): Unplaced {
  if (able.length > 0) return noneFree(able);
  const there = whyNotThere(queue, workers);
  if (there !== undefined) return there;
  const matching = workers.filter(({ labels }) => matches(queue.selector, labels));
  if (matching.length === 0) return nearestWorker(queue, workers);
  const obstacles = matching.flatMap((worker) => packObstacle(queue, worker) ?? []);
  // A worker that reads the pack comes nearer than one that does not.
  const ofPack = obstacles.find(({ why }) => why === "snapshot-feature") ?? obstacles[0];
  return ofPack ?? noEngine(queue, matching) ?? onlyDeploys(queue, matching) ?? { why: "no-worker" };
}

function noneFree(able: readonly ViewWorker[]): Unplaced {
  const open = able.filter(({ closed }) => closed === undefined);
  if (open.length > 0) return { why: "no-free-slot", able: open.length };
  // A cordon lasts until somebody ends it; a worker that stops may be back by itself.
  const cordoned = able.filter(({ closed }) => closed === "cordoned");
  const [why, those] =
    cordoned.length > 0 ? (["cordoned", cordoned] as const) : (["stopping", able] as const);
  return { why, names: those.map(({ name }) => name) };
}

function nearestWorker({ selector }: ViewQueue, workers: readonly ViewWorker[]): Unplaced {
  let nearest: { worker: ViewWorker; unmet: readonly string[] } | undefined;
  for (const worker of workers) {
    const unmet = unmetLabels(selector, worker.labels);
    if (nearest === undefined || unmet.length < nearest.unmet.length) nearest = { worker, unmet };
  }
  if (nearest === undefined) return { why: "no-worker" };
  const { worker, unmet } = nearest;
  return {
    why: "no-label",
    nearest: worker.name,
    unmet: unmet.map((label) => {
      const has = worker.labels.get(label);
      const test = testText(label, selector[label] ?? { exists: true });
      return { test, label, ...(has === undefined ? {} : { has }) };
    }),
  };
}

/**
 * Who gets what, and why not. Each step in turn goes to the worker that may run it, has a free slot and holds the
 * step's pack already; among equals to the one with the most free slots. A step that fits nobody holds up no other.
 */

import { type FormatRange, formatsText } from "@haversack/snapshot";
import type { FleetView, Plan, Unplaced, ViewStep, ViewWorker } from "./view.ts";

export function place(view: FleetView): Plan {
  const credits = new Map(view.workers.map((worker) => [worker.id, worker.credits]));
  const placed: { step: ViewStep; workerId: string }[] = [];
  const unplaced: { step: ViewStep; reason: Unplaced }[] = [];
  for (const step of view.steps) {
    const able = view.workers.filter((worker) => obstacle(step, worker) === undefined);
    const best = pick(step, able, credits);
    if (best === undefined) {
      unplaced.push({
        step,
        reason: able.length > 0 ? { why: "no-free-slot" } : whyNobody(step, view.workers),
      });
      continue;
    }
    credits.set(best.id, (credits.get(best.id) ?? 0) - 1);
    placed.push({ step, workerId: best.id });
  }
  return { placed, unplaced };
}

/** What keeps this worker from this step, its load aside. */
function obstacle(step: ViewStep, worker: ViewWorker): Unplaced | undefined {
  for (const [label, value] of Object.entries(step.labels)) {
    if (worker.labels.get(label) !== value) return { why: "no-label", label, value };
  }
  return step.pack === undefined ? undefined : packObstacle(step.pack, worker);
}

function packObstacle(pack: NonNullable<ViewStep["pack"]>, worker: ViewWorker): Unplaced | undefined {
  const version = pack.formatVersion;
  const reads = { min: worker.snapshotMinVersion, max: worker.snapshotMaxVersion };
  if (version < reads.min || version > reads.max) {
    return { why: "snapshot-version", version, reads };
  }
  const feature = pack.requires.find((name) => !worker.snapshotFeatures.includes(name));
  const known = worker.snapshotFeatures;
  return feature === undefined ? undefined : { why: "snapshot-feature", feature, known };
}

function pick(
  step: ViewStep,
  able: readonly ViewWorker[],
  credits: ReadonlyMap<string, number>,
): ViewWorker | undefined {
  const digest = step.snapshotDigest ?? step.pinDigest;
  const holds = (worker: ViewWorker): number =>
    digest !== undefined && worker.snapshotsHeld.has(digest) ? 1 : 0;
  const free = (worker: ViewWorker): number => credits.get(worker.id) ?? 0;
  let best: ViewWorker | undefined;
  for (const worker of able) {
    if (free(worker) <= 0) continue;
    if (
      best === undefined ||
      holds(worker) > holds(best) ||
      (holds(worker) === holds(best) && free(worker) > free(best))
    ) {
      best = worker;
    }
  }
  return best;
}

/** The reason that the most promising worker gives: the one that passes the most checks. */
function whyNobody(step: ViewStep, workers: readonly ViewWorker[]): Unplaced {
  const order: readonly Unplaced["why"][] = ["no-worker", "no-label", "snapshot-version", "snapshot-feature"];
  let reason: Unplaced = { why: "no-worker" };
  for (const worker of workers) {
    const found: Unplaced = obstacle(step, worker) ?? reason;
    if (order.indexOf(found.why) > order.indexOf(reason.why)) reason = found;
  }
  return reason;
}

/** For people. */
export function explain(reason: Unplaced): string {
  switch (reason.why) {
    case "no-worker":
      return "no worker is connected";
    case "no-label":
      return `no connected worker has label ${reason.label}=${reason.value}`;
    case "snapshot-version":
      return versionText(reason.version, reason.reads);
    case "snapshot-feature":
      return featureText(reason.feature, reason.known);
    case "no-free-slot":
      return "all slots of the workers that may run it are taken";
  }
}

function versionText(version: number, reads: FormatRange): string {
  const both = `the step's snapshot has format ${version}, and the connected workers read ${formatsText(reads)}`;
  if (version > reads.max) return `${both}: upgrade a worker to one that reads format ${version}`;
  return `${both}: upgrade the coordinator, and submit the run again`;
}

/** What brings a feature into a pack, where a person can change it. */
const settingOf: Readonly<Record<string, string>> = {
  mcp: "mcpServers",
  "memory.ops": "memory.write",
  skills: "skills",
};

function featureText(feature: string, known: readonly string[]): string {
  const offer = known.length === 0 ? "none" : known.join(", ");
  const setting = settingOf[feature];
  const instead = setting === undefined ? "" : `, or leave out ${setting} in the step and its profile`;
  return `the step's snapshot requires ${feature}, and the connected workers offer ${offer}: upgrade a worker to one that offers it${instead}`;
}

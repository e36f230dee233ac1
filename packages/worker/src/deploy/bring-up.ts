/** A deploy that leaves a container standing: from what was there before to the switch, and what follows it. */

import { FaultError, messageOf } from "@haversack/base";
import type { ContainerView } from "../runtime/container.ts";
import type { Course, Standing } from "./course.ts";
import { type Found, findStanding } from "./find-standing.ts";
import { isHealthy, untilHealthy } from "./health.ts";
import { hostPortsFor } from "./host-ports.ts";
import type { Deployed } from "./labels.ts";
import { removeFolders } from "./mounts.ts";
import type { Deploy } from "./parts.ts";
import { launchByPath } from "./paths.ts";
import { writeRecord } from "./record.ts";

/** Between SIGTERM and SIGKILL. */
const stopGraceMs = 10_000;
/** For what has to be done whatever becomes of the attempt. */
const tidyMs = 60_000;

export async function bringUp(deploy: Deploy, course: Course): Promise<Standing> {
  const { work, phases, runtime, signal } = deploy;
  const found = await phases.during("inspect", () => findStanding(deploy));
  const { same } = found;
  if (
    same !== undefined &&
    (await phases.during("health", () => isHealthy(deploy, same.view, work.health)))
  ) {
    course.reason = "it runs already, as it is asked for";
    course.origin = same.origin;
    return { effect: "unchanged", stands: same };
  }
  course.old = found.old;
  if (work.startFirst && found.old !== undefined) refuseShared(deploy, found.old);
  const started = await launchByPath(deploy, course, {
    created: (id) => (course.created = id),
    beforeStart: () => stopOld(deploy, course),
    hostPorts: () => hostPortsFor(work, deploy.settings.publishAddress, found.old?.view),
  });
  await phases.during("health", () => untilHealthy(deploy, started, work.health));
  const view = await phases.during("switch", async () => {
    const now = await runtime.inspect(started.id, signal);
    await writeRecord(deploy.dataFolder, work, work.health === undefined ? {} : { health: work.health });
    signal.throwIfAborted();
    course.switched = true;
    return now ?? started;
  });
  await phases.during("settle", () => settle(deploy, found, view));
  return { effect: "started", stands: { revision: work.revision, spec: work.spec, view } };
}

/** They would write to the same files at the same time. */
function refuseShared({ work, dataFolder }: Deploy, old: Deployed): void {
  const writable = new Set(old.view.mounts.flatMap(({ source, readOnly }) => (readOnly ? [] : [source])));
  const shared = work.volumes.find(
    ({ name, readOnly }) => !readOnly && writable.has(`${dataFolder}/volumes/${work.name}/${name}`),
  );
  if (shared === undefined) return;
  const message = `replace: start-first is impossible: both containers would write to the volume "${shared.name}"; use stop-first, or mount it read-only`;
  throw new FaultError("invalid", "volume_shared", message);
}

/** One that starts beside it lets it run. */
async function stopOld({ work, runtime, signal, note }: Deploy, course: Course): Promise<void> {
  const { old } = course;
  if (old === undefined || work.startFirst || course.stoppedOld || old.view.state !== "running") return;
  note(`stopping ${old.view.name}; it stays until the new one is healthy`);
  course.stoppedOld = true;
  await runtime.stop(old.view.id, stopGraceMs, signal);
}

/** The new one stands. What cannot be removed now is removed later, when the coordinator sees it. */
async function settle(deploy: Deploy, { all }: Found, view: ContainerView): Promise<void> {
  const others = all.filter((each) => each.view.id !== view.id);
  for (const other of others) {
    try {
      await removeContainer(deploy, other);
    } catch (error) {
      deploy.note(`${other.view.name} could not be removed, and will be later: ${messageOf(error)}`);
    }
  }
}

type Removing = Pick<Deploy, "runtime" | "dataFolder" | "secretFiles">;

/** SIGTERM, ten seconds, SIGKILL; then it goes, with its secrets and its snapshot. Volumes stay. */
export async function removeContainer(parts: Removing, { view, ...place }: Deployed): Promise<void> {
  const { runtime } = parts;
  const patience = AbortSignal.timeout(tidyMs);
  if (view.state === "running") await runtime.stop(view.id, stopGraceMs, patience);
  await runtime.remove(view.id, patience);
  await removeFolders(parts, place);
}

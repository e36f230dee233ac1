/** A deploy failed before its switch: nothing half-made stays, and what stood before stands again where it may. */

import { messageOf } from "@haversack/base";
import { type Course, failed, type Standing } from "./course.ts";
import { untilHealthy } from "./health.ts";
import { containerName, type Deployed, isTheSame, readLabels, wantedOf } from "./labels.ts";
import { removeFolders } from "./mounts.ts";
import type { Deploy } from "./parts.ts";
import { readRecord, removeRecord } from "./record.ts";

/** For an engine that is slow to obey; whoever waits for a lost lease has less patience, and is not told of more. */
const patienceMs = 30_000;

/** Never rejects: what could not be undone is among the failures, and the coordinator sees what stands. */
export async function undo(deploy: Deploy, course: Course): Promise<Standing> {
  const isStopped = deploy.signal.aborted;
  const patience = AbortSignal.timeout(patienceMs);
  await attempt(course, "removing the new container", () => removeNew(deploy, course, patience));
  const { old } = course;
  if (old === undefined) return { effect: "none" };
  // Who was told to stop had no verdict on the new one: the old one comes back in any case.
  const comesBack = deploy.work.rollback || isStopped;
  if (course.stoppedOld && !comesBack) {
    // It stays as it is, for somebody to look at: nothing starts it again.
    await attempt(course, "forgetting the old one", () => removeRecord(deploy.dataFolder, old));
    return { effect: "none" };
  }
  const stands = course.stoppedOld || old.view.state === "running";
  if (!stands) return { effect: "none" };
  const isBack = await attempt(course, `bringing back ${old.view.name}`, () =>
    bringBack(deploy, course, old, patience),
  );
  return isBack ? { effect: "rolled-back", stands: old } : { effect: "none" };
}

async function attempt(course: Course, what: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    failed(course, new Error(`${what} failed: ${messageOf(error)}`, { cause: error }));
    return false;
  }
}

/** An engine may have made it and not said so: it is looked up by its name, too. */
async function removeNew(deploy: Deploy, course: Course, patience: AbortSignal): Promise<void> {
  const { runtime, work, workerId } = deploy;
  const view = await runtime.inspect(containerName(work.name, work.revision), patience);
  const found = view === undefined ? undefined : readLabels(view);
  const isOurs = found !== undefined && isTheSame(found, wantedOf(work, workerId));
  const isOfThis = isOurs && (found.attempt === deploy.attempt || found.view.id === course.created);
  if (isOfThis) await runtime.remove(found.view.id, patience);
  if (isOfThis || view === undefined) await removeFolders(deploy, work);
}

async function bringBack(
  deploy: Deploy,
  course: Course,
  old: Deployed,
  patience: AbortSignal,
): Promise<void> {
  const { runtime, dataFolder, note } = deploy;
  if (course.stoppedOld) {
    note(`starting ${old.view.name} again`);
    await runtime.start(old.view.id, patience);
  }
  const started = await runtime.inspect(old.view.id, patience);
  if (started?.state !== "running") throw new Error("it does not run");
  if (deploy.signal.aborted || !course.stoppedOld) return;
  const record = await readRecord(dataFolder, old);
  await untilHealthy(deploy, started, record?.health).catch((error: unknown) => failed(course, error));
}

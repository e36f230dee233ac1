/**
 * One deploy, from its task to its report.
 *
 *   find-standing  what is there · paths  from the image, or built (choose, fallback: pure)
 *   launch         create or adopt, confirm, start, prove, secrets, alive
 *   bring-up       health, switch, settle · undo  what failed before the switch · take-away, restore
 */

import { bringUp } from "./bring-up.ts";
import { type Course, type DeployEnd, failed, newCourse, reportOf, type Standing } from "./course.ts";
import { holdersOf } from "./labels.ts";
import type { Deploy } from "./parts.ts";
import { restore } from "./restore.ts";
import { takeAway } from "./take-away.ts";
import { undo } from "./undo.ts";

const listMs = 5000;

/** Never rejects. When the signal fires before the switch, nothing of the deploy stays. @param host for people */
export async function runDeploy(deploy: Deploy, host: string): Promise<DeployEnd> {
  const { work } = deploy;
  const course = newCourse();
  const how = work.absent ? takeAway : work.restore ? restore : bringUp;
  try {
    const standing = await how(deploy, course);
    const view = standing.stands?.view;
    return { report: reportOf(deploy, host, course, standing), ...(view !== undefined && { view }) };
  } catch (error) {
    failed(course, error);
    const standing: Standing = course.switched ? { effect: "none" } : await undo(deploy, course);
    return { report: reportOf(deploy, host, course, standing), error };
  } finally {
    await handOver(deploy, course);
  }
}

/** From here on the containers that stand keep their images. */
async function handOver({ runtime, images, work }: Deploy, { leases }: Course): Promise<void> {
  const patience = AbortSignal.timeout(listMs);
  await runtime.list(work.cluster, patience).then(
    (views) => images.leasesOf(holdersOf(views)),
    // Whoever lists next says it.
    () => {},
  );
  for (const lease of leases) lease.end();
}

/**
 * The two paths of a deploy, and the way from one to the other. What becomes of the base image meanwhile cannot reach the
 * attempt: `ensure` is called, never awaited, and tells nothing.
 */

import { FaultError, faultOf, formatDuration, messageOf } from "@haversack/base";
import type { ImageChoice, WantedImage } from "../images/images.ts";
import type { ContainerView } from "../runtime/container.ts";
import { type Choice, choosePath } from "./choose.ts";
import { type Course, failed } from "./course.ts";
import { afterImagePath } from "./fallback.ts";
import { type LaunchHooks, launch } from "./launch.ts";
import type { Deploy } from "./parts.ts";
import { baseSource, buildSource, referenceSource, type Source } from "./source.ts";

const portTriesMax = 3;

export async function launchByPath(
  deploy: Deploy,
  course: Course,
  hooks: LaunchHooks,
): Promise<ContainerView> {
  if (deploy.work.image !== "base") {
    course.reason = "the step names an image";
    return await launchFrom(deploy, course, await referenceSource(deploy), hooks);
  }
  const { wanted, choice } = await choose(deploy);
  if (choice.path === "none") throw new FaultError("invalid", "no_path", choice.why);
  course.reason = choice.reason;
  deploy.note(`${choice.path === "image" ? "from the image" : "by the build path"}: ${choice.reason}`);
  if (choice.path === "image" && wanted !== undefined) {
    const launched = await tryImage(deploy, course, baseSource(deploy, wanted, choice.lease), hooks);
    if (launched !== undefined) return launched;
  }
  return await build(deploy, course, wanted, hooks);
}

/** Undefined: it is to be built. */
async function tryImage(
  deploy: Deploy,
  course: Course,
  source: Source,
  hooks: LaunchHooks,
): Promise<ContainerView | undefined> {
  try {
    return await launchFrom(deploy, course, source, hooks);
  } catch (error) {
    if (deploy.signal.aborted) throw error;
    const next = afterImagePath(error);
    source.lease.end();
    if (next.image !== undefined && source.wanted !== undefined)
      deploy.images.turnedOut(source.wanted, next.image, messageOf(error));
    if (next.then === "fail" || deploy.work.recipe === undefined) throw error;
    failed(course, error);
    course.fellBack = true;
    deploy.phases.again();
    course.origin = undefined;
    course.reason = "the container did not come up from the image";
    deploy.note(`from the image it did not come up: ${messageOf(error)}; building, once`);
    if (course.created !== undefined) await deploy.runtime.remove(course.created, deploy.signal);
    course.created = undefined;
    return undefined;
  }
}

async function build(
  deploy: Deploy,
  course: Course,
  wanted: WantedImage | undefined,
  hooks: LaunchHooks,
): Promise<ContainerView> {
  let asked = false;
  const created = (id: string): void => {
    hooks.created(id);
    if (!asked && wanted !== undefined) fetchForLater(deploy, wanted);
    asked = true;
  };
  const source = await buildSource(deploy).catch((error: unknown) => {
    // Where nothing can be built, the image is the only way for the next one.
    if (wanted !== undefined && !deploy.signal.aborted) fetchForLater(deploy, wanted);
    throw error;
  });
  return await launchFrom(deploy, course, source, { ...hooks, created });
}

/** For the next deploy; of no matter to this one, whatever comes of it. */
function fetchForLater({ images, attempt, ports }: Deploy, wanted: WantedImage): void {
  try {
    images.ensure(wanted, "deploy", attempt);
  } catch (error) {
    ports.log.error({ error: messageOf(error) }, "asking for the base image failed");
  }
}

async function launchFrom(
  deploy: Deploy,
  course: Course,
  source: Source,
  hooks: LaunchHooks,
): Promise<ContainerView> {
  course.origin = source.origin;
  course.leases.push(source.lease);
  for (let tries = 1; ; tries++) {
    try {
      return await launch(deploy, source, hooks);
    } catch (error) {
      const isRace = error instanceof FaultError && error.code === "port_taken" && !deploy.signal.aborted;
      if (!isRace || tries === portTriesMax) throw error;
      // Somebody took the port between the choice and the start: another one is chosen.
      if (course.created !== undefined) await deploy.runtime.remove(course.created, deploy.signal);
      course.created = undefined;
    }
  }
}

async function choose(
  deploy: Deploy,
): Promise<{ readonly wanted: WantedImage | undefined; readonly choice: Choice }> {
  const { images, info, phases, work, note } = deploy;
  const { base, waitForImageMs } = work;
  const wanted = base === undefined ? undefined : images.baseFor(base);
  const ask = async (): Promise<ImageChoice | undefined> =>
    wanted === undefined ? undefined : await answerOf(deploy, wanted);
  let answer = await phases.during("inspect", ask);
  let waitedMs: number | undefined;
  if (answer?.kind === "build" && wanted !== undefined && waitForImageMs > 0) {
    note(`waiting for the base image, ${formatDuration(waitForImageMs)} at most: ${answer.why}`);
    fetchForLater(deploy, wanted);
    const came = await phases.during("wait", () => images.ready(wanted, waitForImageMs, deploy.signal));
    deploy.signal.throwIfAborted();
    if (came) answer = await phases.during("inspect", ask);
    else waitedMs = waitForImageMs;
  }
  const view = { base, wanted, answer, hasRecipe: work.recipe !== undefined, arch: info.arch };
  const choice = await phases.during("choose", () =>
    choosePath({ ...view, ...(waitedMs !== undefined && { waitedMs }) }),
  );
  return { wanted, choice };
}

/** Whatever is wrong with the images of this worker: what cannot be asked is built. */
async function answerOf({ images, attempt }: Deploy, wanted: WantedImage): Promise<ImageChoice> {
  try {
    return await images.choose(wanted, attempt);
  } catch (error) {
    if (faultOf(error) === "cancelled") throw error;
    return { kind: "build", why: `the image cannot be asked for: ${messageOf(error)}` };
  }
}

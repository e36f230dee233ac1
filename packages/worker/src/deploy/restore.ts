/** A deployment whose secrets went with a restart of the host: they are filled in again, and the same container starts. */

import { FaultError } from "@haversack/base";
import type { Course, Standing } from "./course.ts";
import { findStanding } from "./find-standing.ts";
import { aliveMs, untilHealthy } from "./health.ts";
import { containerName, type Deployed, isTheSame, wantedOf } from "./labels.ts";
import { livesFor } from "./life.ts";
import { giveMounts, mountsOf } from "./mounts.ts";
import type { Deploy } from "./parts.ts";

export async function restore(deploy: Deploy, course: Course): Promise<Standing> {
  const { work, phases, runtime, secretFiles, secrets, signal } = deploy;
  course.reason = "its secrets are filled in again";
  // It stands, whatever comes: nothing of it is removed.
  course.switched = true;
  const found = await phases.during("inspect", () => itself(deploy));
  course.origin = found.origin;
  const { view } = found;
  const isUp = view.state === "running";
  if (isUp && (await secretFiles.isFilled(work))) return { effect: "unchanged", stands: found };
  await phases.during("secrets", async () => {
    await mountsOf(deploy, !isUp);
    await giveMounts(deploy, view);
    await secretFiles.write(work, secrets, view.idShift);
  });
  const started = await phases.during("start", async () => {
    await runtime.start(view.id, signal);
    return (await runtime.inspect(view.id, signal)) ?? view;
  });
  await phases.during("alive", () => livesFor(deploy, started, aliveMs));
  await phases.during("health", () => untilHealthy(deploy, started, work.health));
  return { effect: "started", stands: { ...found, view: started } };
}

async function itself(deploy: Deploy): Promise<Deployed> {
  const { work, workerId } = deploy;
  const { all } = await findStanding(deploy);
  const found = all.find((each) => isTheSame(each, wantedOf(work, workerId)));
  if (found !== undefined) return found;
  const message = `there is no container ${containerName(work.name, work.revision)} whose secrets could be filled in; deploy it again`;
  throw new FaultError("missing", "container_missing", message);
}

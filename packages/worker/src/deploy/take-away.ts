/** A deploy whose container is to be absent. What is not there is gone already. */

import { FaultError } from "@haversack/base";
import { removeContainer } from "./bring-up.ts";
import type { Course, Standing } from "./course.ts";
import { findStanding } from "./find-standing.ts";
import type { Deploy } from "./parts.ts";
import { removeVolumes } from "./volumes.ts";

export async function takeAway(deploy: Deploy, course: Course): Promise<Standing> {
  const { work, phases, dataFolder, note, signal } = deploy;
  course.reason = "it is to be absent";
  const found = await phases.during("inspect", () => findStanding(deploy));
  course.switched = true;
  await phases.during("settle", async () => {
    for (const each of found.all) {
      signal.throwIfAborted();
      note(`stopping and removing ${each.view.name}`);
      await removeContainer(deploy, each);
    }
    const left = await findStanding(deploy);
    if (left.all.length > 0) throw stillThere(left.all.map(({ view }) => view.name));
    if (work.removeVolumes) await removeVolumes(dataFolder, work.name);
  });
  return { effect: "removed" };
}

function stillThere(names: readonly string[]): FaultError {
  const message = `the engine was told to remove ${names.join(", ")}, and still has it; try again, or remove it by hand`;
  return new FaultError("unavailable", "not_removed", message);
}

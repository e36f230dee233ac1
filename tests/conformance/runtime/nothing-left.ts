/** What an engine must not leave behind when a test is over. */

import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { never, type RuntimeWorld } from "./runtime-world.ts";

/** No container of this world, and no process of one. What is mounted, a test looks at on an engine of its own. */
export async function expectNothingLeft(world: RuntimeWorld): Promise<void> {
  expect(await world.runtime.list(world.cluster, never)).toEqual([]);
  if (world.runs) await expect.poll(() => processesOf(world.cluster)).toEqual([]);
}

/** Where something is mounted below a folder. */
export function mountsBelow(folder: string): string[] {
  const places = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return places
    .flatMap((line) => line.split(" ").slice(1, 2))
    .filter((place) => place.startsWith(`${folder}/`));
}

function processesOf(cluster: string): string[] {
  const marker = `HAVERSACK_TEST=${cluster}`;
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(marker);
    } catch {
      return false;
    }
  });
}

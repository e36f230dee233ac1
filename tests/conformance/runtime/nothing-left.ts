/** What an engine must not leave behind when a test is over. */

import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { never, type RuntimeWorld } from "./runtime-world.ts";

/** No container of this world, no process of one, and nothing mounted for one. */
export async function expectNothingLeft(world: RuntimeWorld, ids: readonly string[] = []): Promise<void> {
  expect(await world.runtime.list(world.cluster, never)).toEqual([]);
  if (!world.runs) return;
  await expect.poll(() => processesOf(world.cluster)).toEqual([]);
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  expect(mounts.filter((line) => ids.some((id) => line.includes(id)))).toEqual([]);
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

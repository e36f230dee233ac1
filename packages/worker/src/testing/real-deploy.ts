/** Deploys of a test on a real engine. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { silentLog, systemClock } from "@haversack/base";
import type { DeployWork } from "@haversack/protocol";
import { fakeRandom } from "../../../../tests/support/fake-clock.ts";
import { memoryFolderName, memoryRoot } from "../deploy/memory-folder.ts";
import { ownOf, stateOf } from "../deploy/observe.ts";
import type { Deploy, DeployParts, Engine } from "../deploy/parts.ts";
import { timePhases } from "../deploy/phases.ts";
import { secretFiles } from "../deploy/secret-files.ts";

export interface RealParts extends Engine, Pick<DeployParts, "dataFolder" | "workerId" | "sockets"> {
  readonly notes: string[];
  readonly output: Buffer[];
}

const never = new AbortController().signal;

export const deployOn = (parts: RealParts, work: DeployWork, more: Partial<Deploy>): Deploy => ({
  ...parts,
  ports: { clock: systemClock, random: fakeRandom(), log: silentLog },
  settings: {
    engine: "auto",
    publishAddress: "127.0.0.1",
    takes: "all",
    bounds: { cpuMillis: 500, memoryBytes: 64 * 1024 ** 2, pids: 64 },
  },
  secretFiles: secretFiles(),
  recipeEnv: new Map(),
  work,
  attempt: "run/step.1",
  secrets: new Map(),
  packFile: undefined,
  phases: timePhases(systemClock),
  note: (text) => void parts.notes.push(text),
  output: (bytes) => void parts.output.push(Buffer.from(bytes)),
  signal: never,
  ...more,
});

/** As the coordinator is told of what the fleet has on the engine. */
export async function statesSeen(deploy: Deploy): Promise<string[]> {
  const own = ownOf(await deploy.runtime.list(deploy.work.cluster, never), deploy.workerId);
  return await Promise.all(own.map((each) => stateOf(deploy, each)));
}

/** Nothing of the fleet is left on the engine, nor its secrets in memory. */
export async function removeAll({ runtime }: Pick<Engine, "runtime">, cluster: string): Promise<void> {
  for (const view of await runtime.list(cluster, never)) await runtime.remove(view.id, never);
  await rm(join(await memoryRoot(), memoryFolderName(), cluster), { recursive: true, force: true });
}

/** The world of the promises on LXD. */

import { join } from "node:path";
import { systemClock } from "@haversack/base";
import { openLxd } from "../../../packages/worker/src/runtime/lxd/lxd-runtime.ts";
import { openLxdWorld } from "../../support/lxd.ts";
import { hostArch, type RuntimeWorld } from "./runtime-world.ts";

export async function lxdWorld(): Promise<RuntimeWorld> {
  const world = await openLxdWorld();
  return {
    runtime: world.runtime,
    gone: openLxd(join(world.folder, "none.socket"), systemClock),
    cluster: world.cluster,
    runs: true,
    async shelve({ arch = hostArch, stamp = "1", ballastBytes = 1000 } = {}) {
      const { file, fingerprint } = await world.image({ arch, stamp, ballastBytes });
      return { file, identity: { id: fingerprint, arch, stamp } };
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** The world of the promises on Docker or Podman. */

import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@haversack/base";
import { openDockerRuntime } from "../../../packages/worker/src/runtime/docker/docker-runtime.ts";
import { imageShelf } from "../../support/image-shelf.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { ballastLayer, busyboxLayer } from "../../support/test-images.ts";
import { hostArch, type RuntimeWorld } from "./runtime-world.ts";

/** @param host `unix:///PATH` */
export async function dockerWorld(host: string): Promise<RuntimeWorld> {
  const folder = await tempFolder();
  const shelf = imageShelf();
  const tools = busyboxLayer();
  const runtime = await openDockerRuntime({ host, clock: systemClock });
  const gone = await openDockerRuntime({
    host: `unix://${join(folder.path, "none.sock")}`,
    clock: systemClock,
  });
  let shelved = 0;
  return {
    runtime,
    gone,
    cluster: `t${randomBytes(4).toString("hex")}`,
    runs: true,
    async shelve({ arch = hostArch, stamp = "1", ballastBytes = 1000 } = {}) {
      const image = shelf.image([tools, ballastLayer(ballastBytes)], {
        arch: arch === "x64" ? "amd64" : "arm64",
        labels: { "haversack.stamp": stamp },
      });
      shelved += 1;
      const file = join(folder.path, `image-${shelved}.tar`);
      await writeFile(file, shelf.archive(image));
      return { file, identity: { id: image.config.digest, otherId: image.digest, arch, stamp } };
    },
    async [Symbol.asyncDispose]() {
      await runtime.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

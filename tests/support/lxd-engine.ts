/** What deploys on an LXD need before their first, and leave behind. */

import { createHash, randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import { systemClock } from "@haversack/base";
import { instancesForm } from "../../packages/worker/src/runtime/lxd/answers.ts";
import { lxdClient } from "../../packages/worker/src/runtime/lxd/lxd-client.ts";
import { openLxd } from "../../packages/worker/src/runtime/lxd/lxd-runtime.ts";
import { viewOf } from "../../packages/worker/src/runtime/lxd/view-of.ts";
import { lxdImage } from "./lxd-image.ts";
import { busyboxEntries } from "./test-images.ts";

export interface LxdEngine {
  /** Fingerprint of what the build path starts from: it pulls nothing. */
  readonly plainImage: string;
  /** The deployments whose names end so, with the images that they were made of. */
  removeAll(suffix: string): Promise<void>;
}

const never = new AbortController().signal;

/** @param folder for a file that is gone again */
export async function lxdEngine(socket: string, folder: string): Promise<LxdEngine> {
  const runtime = openLxd(socket, systemClock);
  const own = arch() === "arm64" ? "arm64" : "x64";
  const bytes = lxdImage(busyboxEntries(), { arch: own, salt: randomUUID() });
  const plainImage = createHash("sha256").update(bytes).digest("hex");
  const file = join(folder, "plain.lxd.tar");
  await writeFile(file, bytes);
  await runtime.importImage(file, { id: plainImage, arch: own }, () => {}, never);
  await rm(file);
  return {
    plainImage,
    async removeAll(suffix) {
      const listed = instancesForm.parse(
        await lxdClient(socket).get("/1.0/instances?recursion=2", {}, never),
      );
      const ours = listed
        .map(viewOf)
        .filter(({ labels }) => labels.get("haversack.deployment")?.endsWith(suffix));
      for (const { id } of ours) await runtime.remove(id, never);
      for (const id of new Set([plainImage, ...ours.map(({ image }) => image)]))
        await runtime.removeImage({ id, arch: own }, never);
    },
  };
}

/** The file for LXD and Incus: `metadata.yaml` beside `rootfs/`, in one archive; zstd, which they have long known. */

import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { names } from "./arch.ts";
import type { ImageContent } from "./oci.ts";
import { packTar } from "./tar.ts";

/** Moves the root into the folder. @param work an empty folder on the same file system as the root. */
export async function writeLxd(
  { arch, file, recipe, root }: ImageContent,
  work: string,
  out: string,
): Promise<void> {
  await mkdir(work, { recursive: true });
  const { epochSeconds, stamp, suite } = file;
  const metadata = {
    architecture: names[arch].machine,
    creation_date: epochSeconds,
    properties: {
      architecture: names[arch].machine,
      description: `haversack base ${stamp}`,
      "haversack.recipe": recipe,
      "haversack.stamp": stamp,
      os: "debian",
      release: suite,
    },
  };
  // JSON is YAML.
  await writeFile(join(work, "metadata.yaml"), `${JSON.stringify(metadata, undefined, 2)}\n`, {
    mode: 0o644,
  });
  await rename(root, join(work, "rootfs"));
  await packTar({
    folder: work,
    entries: ["metadata.yaml", "rootfs"],
    file: out,
    epochSeconds,
    compress: "zstd",
  });
  await rename(join(work, "rootfs"), root);
}

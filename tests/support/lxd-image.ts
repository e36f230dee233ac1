/** Files of images for LXD and Incus. */

import { gzipSync } from "node:zlib";
import { theirArch } from "../../packages/worker/src/runtime/lxd/answers.ts";
import { type TarEntry, tarArchive } from "./tar-archive.ts";

export interface LxdImageOptions {
  readonly arch: string;
  /** Absent: it is no image of ours. */
  readonly stamp?: string;
  /** What no image had before, so that each test has an image of its own. */
  readonly salt?: string;
}

/** @param entries of its root; a later one of a name stands */
export function lxdImage(entries: readonly TarEntry[], { arch, stamp, salt }: LxdImageOptions): Buffer {
  const properties = JSON.stringify({
    ...(salt !== undefined && { salt }),
    ...(stamp !== undefined && { "haversack.stamp": stamp }),
  });
  const metadata = `architecture: ${theirArch(arch)}\ncreation_date: 1700000000\nproperties: ${properties}\n`;
  const init = { name: "sbin/init", link: "/opt/haversack/bin/init" };
  const root = [...folders.map((name) => ({ name })), init, ...entries];
  const inside = new Map(root.map((entry) => [entry.name, { ...entry, name: `rootfs/${entry.name}` }]));
  const archive = tarArchive([{ name: "metadata.yaml", mode: 0o644, data: metadata }, ...inside.values()]);
  return gzipSync(archive, { level: 1 });
}

const folders = ["", "proc/", "sys/", "dev/", "sbin/"];

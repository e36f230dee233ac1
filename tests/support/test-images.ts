/** Small images whose programs are those of a static busybox. */

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { ImageDetails, ImageShelf, ShelvedImage } from "./image-shelf.ts";
import { type TarEntry, tarArchive } from "./tar-archive.ts";

const places = ["/usr/bin/busybox", "/bin/busybox"];
const applets = [
  "cat",
  "chmod",
  "echo",
  "env",
  "head",
  "httpd",
  "id",
  "ip",
  "kill",
  "ls",
  "mkdir",
  "mount",
  "nc",
  "ps",
];
const moreApplets = [
  "seq",
  "sh",
  "sleep",
  "stat",
  "tail",
  "test",
  "touch",
  "true",
  "false",
  "uname",
  "wget",
  "yes",
];

/** Programs, folders, and the two files that name users. */
export function busyboxLayer(): Buffer {
  return tarArchive(busyboxEntries());
}

export function busyboxEntries(): TarEntry[] {
  const path = places.find(existsSync);
  if (path === undefined) throw new Error(`there is none of ${places.join(", ")}: install busybox-static`);
  return [
    { name: "bin/" },
    { name: "tmp/", mode: 0o1777 },
    { name: "run/" },
    { name: "etc/" },
    { name: "etc/passwd", mode: 0o644, data: "root:x:0:0::/:/bin/sh\nagent:x:10001:10001::/:/bin/sh\n" },
    { name: "etc/group", mode: 0o644, data: "root:x:0:\nagent:x:10001:\n" },
    { name: "bin/busybox", data: readFileSync(path) },
    ...[...applets, ...moreApplets].map((name) => ({ name: `bin/${name}`, link: "busybox" })),
  ];
}

/** What no image had before: nothing of it is held, and it does not compress. */
export function ballastLayer(bytes: number): Buffer {
  return tarArchive(ballastEntries(bytes));
}

export const ballastEntries = (bytes: number): TarEntry[] => [
  { name: "opt/" },
  { name: "opt/ballast", mode: 0o644, data: randomBytes(bytes) },
];

/** An image of two layers for each architecture, under one index. */
export function twoArchImage(
  shelf: ImageShelf,
  ballastBytes: number,
  details: Omit<ImageDetails, "arch"> = {},
): { readonly x64: ShelvedImage; readonly arm64: ShelvedImage; readonly digest: string } {
  const tools = busyboxLayer();
  const make = (arch: "amd64" | "arm64") =>
    shelf.image([tools, ballastLayer(ballastBytes)], { ...details, arch });
  const [x64, arm64] = [make("amd64"), make("arm64")];
  return { x64, arm64, digest: shelf.index([x64, arm64], details.format).digest };
}

/** Whether a build is the same the second time: in another folder, under another user mask, time zone, locale and clock. */

import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FaultError } from "@haversack/base";
import type { BuildOptions } from "./build.ts";
import { npmEnvironment } from "./lock.ts";
import { onAnotherDay } from "./other-clock.ts";
import { type BuildRecord, readRecord, recordName } from "./records.ts";
import { needPrograms, run } from "./run.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

/** Before the first of two builds: what only the second one needs. Throws FaultError `program_missing`. */
export const checkCompare = (): Promise<void> =>
  needPrograms({ faketime: "faketime", setpriv: "util-linux" });

/** Throws FaultError `not_reproducible` that names the first path in which the two differ. */
export async function compareBuilds(options: BuildOptions, first: BuildRecord): Promise<void> {
  const again = await mkdtemp(join(tmpdir(), "haversack-again-"));
  try {
    options.tell("once more: another folder, user mask, time zone, locale and day");
    await buildElsewhere(options, again);
    const second = await readRecord<BuildRecord>(join(again, recordName(first.stamp, first.arch)));
    const others = [...(second?.files ?? []), ...(second?.shared ?? [])];
    const files = [...first.files, ...first.shared];
    for (const [index, { name, sha256 }] of files.entries()) {
      if (sha256 !== others[index]?.sha256) throw await different(name, options.out, again);
    }
    options.tell(`two builds, one result: ${files.length} files`);
  } finally {
    await rm(again, { recursive: true, force: true });
  }
}

/** By a process of its own, so that what is different is different for it from its first instruction on. */
async function buildElsewhere({ arch, cache, url }: BuildOptions, again: string): Promise<void> {
  const temporary = join(again, "another/temporary/folder");
  await mkdir(temporary, { recursive: true });
  const build = [process.execPath, program, "build", "--arch", arch, "--out", again, "--cache", cache];
  const argv = onAnotherDay([...build, ...(url === undefined ? [] : ["--url", url])]);
  const home = process.env["HOME"] ?? again;
  const other = { HOME: home, TMPDIR: temporary, TZ: "Pacific/Chatham", LC_ALL: "C", LANGUAGE: "tr" };
  await run("/bin/sh", ["-c", 'umask 077; exec "$@"', "sh", ...argv], {
    env: { ...npmEnvironment(), ...other },
    isShown: true,
  });
}

async function different(name: string, left: string, right: string): Promise<FaultError> {
  const where = await firstDifference(join(left, name), join(right, name));
  const message = `${name} came out differently; the first difference is ${where}`;
  return new FaultError("bug", "not_reproducible", message);
}

/** By the lists of two archives, and then by the bytes of their entries; for an image's archive, of its layer. */
export async function firstDifference(left: string, right: string): Promise<string> {
  if (!/\.tar(\.\w+)?$/.test(left)) return "in its text";
  const unpacked = await mkdtemp(join(tmpdir(), "haversack-differ-"));
  try {
    const pair = await Promise.all([layerIn(left, join(unpacked, "a")), layerIn(right, join(unpacked, "b"))]);
    return await firstDifferentEntry(pair, unpacked);
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

/** The blobs of an image are named by what is in them, so that the list of its archive says nothing. */
async function layerIn(file: string, folder: string): Promise<string> {
  await mkdir(folder);
  if (!file.endsWith(".oci.tar")) return file;
  await run("tar", ["-xf", file, "-C", folder]);
  const described = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as {
    Layers: string[];
  }[];
  return join(folder, described[0]?.Layers[0] ?? "");
}

async function firstDifferentEntry(pair: readonly string[], work: string): Promise<string> {
  const lists = await Promise.all(
    pair.map((file) => run("tar", ["--numeric-owner", "--full-time", "-tvf", file])),
  );
  const [one = [], two = []] = lists.map((list) => list.split("\n"));
  const at = one.findIndex((line, index) => line !== two[index]);
  if (at >= 0) return `${one[at] === "" ? "nothing" : one[at]} against ${two[at] ?? "nothing"}`;
  const folders = ["0", "1"].map((name) => join(work, name));
  for (const [index, folder] of folders.entries()) {
    await mkdir(folder);
    await run("tar", ["-xf", pair[index] ?? "", "-C", folder]);
  }
  const script = 'diff -rq --no-dereference "$1" "$2" | head -n 1';
  const said = await run("/bin/sh", ["-c", script, "sh", ...folders]);
  return said.trim() || "outside the contents of their entries";
}

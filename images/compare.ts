/** Whether a build is the same the second time: in another folder, under another user mask, time zone and name of the process's home. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import { type BuildOptions, build } from "./build.ts";
import type { BuildRecord } from "./records.ts";
import { run } from "./run.ts";

/** Throws FaultError `not_reproducible` that names the first path in which the two differ. */
export async function compareBuilds(options: BuildOptions, first: BuildRecord): Promise<void> {
  const again = await mkdtemp(join(tmpdir(), "haversack-again-"));
  const { tell } = options;
  const zone = process.env["TZ"];
  const mask = process.umask(0o077);
  process.env["TZ"] = "Pacific/Chatham";
  try {
    tell("once more, elsewhere");
    const second = await build({ ...options, out: again });
    const pairs = [...first.files, ...first.shared].map(
      (file, index) => [file, [...second.files, ...second.shared][index]] as const,
    );
    for (const [file, other] of pairs) {
      if (file.sha256 === other?.sha256) continue;
      const where = await firstDifference(join(options.out, file.name), join(again, file.name));
      throw new FaultError(
        "bug",
        "not_reproducible",
        `${file.name} came out differently; the first difference is ${where}`,
      );
    }
    tell(`two builds, one result: ${pairs.length} files`);
  } finally {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
    process.umask(mask);
    await rm(again, { recursive: true, force: true });
  }
}

/** By the lists of two archives, and then by the bytes of their entries. */
export async function firstDifference(left: string, right: string): Promise<string> {
  if (!/\.tar(\.\w+)?$/.test(left)) return "in its text";
  const unpacked = await mkdtemp(join(tmpdir(), "haversack-differ-"));
  try {
    const lists = await Promise.all(
      [left, right].map((file) => run("tar", ["--numeric-owner", "--full-time", "-tvf", file])),
    );
    const [one = [], two = []] = lists.map((list) => list.split("\n"));
    const at = one.findIndex((line, index) => line !== two[index]);
    if (at >= 0) return `${one[at]} against ${two[at] ?? "nothing"}`;
    for (const [index, file] of [left, right].entries()) {
      const folder = join(unpacked, String(index));
      await run("mkdir", [folder]);
      await run("tar", ["-xf", file, "-C", folder]);
    }
    const said = await run("/bin/sh", [
      "-c",
      'diff -rq --no-dereference "$1" "$2" | head -n 1',
      "sh",
      join(unpacked, "0"),
      join(unpacked, "1"),
    ]);
    return said.trim() || "outside the contents of their entries";
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

/** Archives that come out the same wherever and whenever they are made: by GNU tar, gzip and zstd of the same version. */

import { rename, rm } from "node:fs/promises";
import { run } from "./run.ts";

export interface TarOptions {
  readonly folder: string;
  /** Names in the folder; absent: all of it. */
  readonly entries?: readonly string[];
  readonly file: string;
  /** Nothing in it is younger. */
  readonly epochSeconds: number;
  readonly compress: "gzip" | "zstd" | "none";
  /** Owners and modes do not depend on who made the files. */
  readonly isOwnedByRoot?: boolean;
}

/** Several threads give the same bytes as one; one that is told to be alone does not. */
const compressors = { gzip: "gzip -n -6", zstd: "zstd -q -12 -T0", none: "cat" } as const;

export async function packTar(options: TarOptions): Promise<void> {
  const { folder, entries = ["."], file, epochSeconds, compress, isOwnedByRoot = false } = options;
  const stable = [
    "--sort=name",
    "--numeric-owner",
    "--format=gnu",
    `--mtime=@${epochSeconds}`,
    "--clamp-mtime",
  ];
  const owned = isOwnedByRoot ? ["--owner=0", "--group=0", "--mode=u=rwX,go=rX"] : [];
  const part = `${file}.part`;
  const script = `set -eu; out=$1; shift; tar "$@" | ${compressors[compress]} > "$out"`;
  try {
    await run("/bin/bash", [
      "-o",
      "pipefail",
      "-c",
      script,
      "tar",
      part,
      "-C",
      folder,
      ...stable,
      ...owned,
      "-cf",
      "-",
      ...entries,
    ]);
    await rename(part, file);
  } finally {
    await rm(part, { force: true });
  }
}

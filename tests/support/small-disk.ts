/**
 * A file system of so many bytes in memory, mounted: what does not fit on it really does not. Only root mounts; without, the
 * tests that need one are skipped, which the output says, and where everything has to be tested (`CI=true`) that is a failure.
 */

import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe } from "vitest";
import { tempFolder } from "./temp-folder.ts";

const run = promisify(execFile);

export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** It has more room from now on, or less, but never less than is on it. */
  resize(bytes: number): Promise<void>;
}

/** @param at where it is mounted; the folder is made. Elsewhere in a folder of its own. */
export async function smallDisk(bytes: number, at?: string): Promise<SmallDisk> {
  const folder = await tempFolder("hv-disk");
  const path = at ?? join(folder.path, "disk");
  await mkdir(path, { recursive: true });
  await run("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=755`, "haversack-test", path]);
  return {
    path,
    resize: async (more) => void (await run("mount", ["-o", `remount,size=${more}`, path])),
    async [Symbol.asyncDispose]() {
      await run("umount", ["--lazy", path]).catch(() => {});
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The tests of `body`, where file systems can be mounted. */
export function withSmallDisks(name: string, body: () => void): void {
  const isSkipped = process.getuid?.() !== 0 && process.env["CI"] !== "true";
  describe.skipIf(isSkipped)(isSkipped ? `${name} (skipped: only root mounts file systems)` : name, () => {
    body();
  });
}

/**
 * The files of a step's skills on a worker's disk: `<folder>/<skill>/<path>`. The folder is made here and must not be
 * there yet; every file is new, no link is followed, and modes are ours: 0700 for folders, 0644 or 0755 for files.
 */

import { constants } from "node:fs";
import { lstat, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { safeJoin } from "@haversack/base";
import { SnapshotError } from "../errors.ts";
import type { FileMode } from "../format/content.ts";
import type { SkillStore } from "./stores.ts";

const newFile = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;
const folderMode = 0o700;
const fileModes = { "0644": 0o644, "0755": 0o755 } as const satisfies Record<FileMode, number>;

export async function writeSkills(
  { skills }: { readonly skills: SkillStore },
  folder: string,
): Promise<void> {
  await mkdir(folder, { mode: folderMode });
  for (const { name } of await skills.list()) {
    for (const { path, mode } of await skills.files(name)) {
      const relative = `${name}/${path}`;
      await makeParents(folder, relative);
      await writeNew(safeJoinSkill(folder, name, path), await skills.readFile(name, path), fileModes[mode]);
    }
  }
}

/** The name of the skill counts to no limit of the path, which was checked when the pack was opened. */
function safeJoinSkill(folder: string, name: string, path: string): string {
  return safeJoin(safeJoin(folder, name), path);
}

async function makeParents(folder: string, relative: string): Promise<void> {
  const segments = dirname(relative).split("/");
  let current = folder;
  for (const segment of segments) {
    current = join(current, segment);
    await mkdir(current, { mode: folderMode }).catch(ignoreExisting);
    const found = await lstat(current);
    if (!found.isDirectory()) throw new SnapshotError("bad_path", `${current} is not a folder`);
  }
}

function ignoreExisting(error: unknown): void {
  if (error instanceof Error && "code" in error && error.code === "EEXIST") return;
  throw error;
}

async function writeNew(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, newFile, mode);
  try {
    await file.writeFile(bytes);
    await file.chmod(mode); // the mask of the process does not decide
  } finally {
    await file.close();
  }
}

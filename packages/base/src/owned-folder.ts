/** A folder that one process at a time owns, by a lock file that names the owner. */

import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FaultError, messageOf, systemCodeOf } from "./fault.ts";
import { tryLock } from "./lock-file.ts";

export interface OwnedFolder {
  readonly path: string;
  /** Gives the lock back. */
  release(): Promise<void>;
}

/**
 * Makes the folder if needed. Rejects with `unavailable` and what to do when it cannot be used.
 * @param what such as "data folder", for messages
 */
export async function openOwnedFolder(path: string, what: string): Promise<OwnedFolder> {
  try {
    await makeFolder(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return await lock(path, what);
  } catch (error) {
    if (error instanceof FaultError) throw error;
    const message = `cannot use the ${what} ${path}: ${messageOf(error)}; choose another with --data DIR, or make it writable for this user`;
    throw new FaultError("unavailable", "folder_unusable", message, { cause: error });
  }
}

/** Like a recursive mkdir, which never comes back where a folder is there and still cannot hold one (/proc). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

async function lock(path: string, what: string): Promise<OwnedFolder> {
  const outcome = await tryLock(join(path, "lock"));
  if (outcome.kind === "locked") return { path, release: () => outcome.release() };
  const message =
    outcome.pid === undefined
      ? `cannot lock the ${what} ${path}; try again`
      : `the ${what} ${path} is in use by process ${outcome.pid}; stop it, or choose another folder with --data DIR`;
  throw new FaultError("unavailable", "folder_locked", message);
}

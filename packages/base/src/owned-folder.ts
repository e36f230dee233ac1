/** A folder that one process at a time owns, by a lock file that names the owner. */

import { constants } from "node:fs";
import { access, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FaultError, messageOf, systemCodeOf } from "./fault.ts";

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
  const file = join(path, "lock");
  for (let tries = 0; tries < 3; tries++) {
    try {
      const handle = await open(file, "wx", 0o600);
      await handle.writeFile(`${process.pid} ${await startOf(process.pid)}\n`);
      await handle.close();
      return { path, release: () => rm(file, { force: true }) };
    } catch (error) {
      if (systemCodeOf(error) !== "EEXIST") throw error;
      await removeIfStale(file, path, what);
    }
  }
  throw new FaultError("unavailable", "folder_locked", `cannot lock the ${what} ${path}; try again`);
}

/** A process that was killed leaves its lock behind. */
async function removeIfStale(file: string, path: string, what: string): Promise<void> {
  const [pidText = "", start = ""] = (await readFile(file, "utf8").catch(() => "")).trim().split(" ");
  const pid = Number.parseInt(pidText, 10);
  const owned =
    Number.isInteger(pid) && pid !== process.pid && isAlive(pid) && (await startOf(pid)) === start;
  if (owned) {
    const message = `the ${what} ${path} is in use by process ${pid}; stop it, or choose another folder with --data DIR`;
    throw new FaultError("unavailable", "folder_locked", message);
  }
  await rm(file, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === "EPERM";
  }
}

/** When the process started, in ticks since boot, where the system tells: a number may be used again. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** A folder that one process at a time owns, by a lock file that names the owner. */

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
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
  const own = `${process.pid} ${await startOf(process.pid)}\n`;
  for (let tries = 0; tries < 3; tries++) {
    if (await create(file, own)) return { path, release: () => rm(file, { force: true }) };
    await removeIfStale(file, path, what);
  }
  throw new FaultError("unavailable", "folder_locked", `cannot lock the ${what} ${path}; try again`);
}

/** The lock appears with its content: nobody can read it half written and take it for a stale one. */
async function create(file: string, content: string): Promise<boolean> {
  const temporary = besides(file);
  await writeFile(temporary, content, { flag: "wx", mode: 0o600 });
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A process that was killed leaves its lock behind. */
async function removeIfStale(file: string, path: string, what: string): Promise<void> {
  const content = await readFile(file, "utf8").catch(() => "");
  const [pidText = "", start = ""] = content.trim().split(" ");
  const pid = Number.parseInt(pidText, 10);
  if (await isOwned(pid, start)) {
    const message = `the ${what} ${path} is in use by process ${pid}; stop it, or choose another folder with --data DIR`;
    throw new FaultError("unavailable", "folder_locked", message);
  }
  // Taken aside before it is removed: if it is another one by now, somebody was faster, and it goes back.
  const aside = besides(file);
  try {
    await rename(file, aside);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return;
    throw error;
  }
  if ((await readFile(aside, "utf8")) !== content) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

/** Our own number without a start time is that of an earlier process: in a container every first one has it. */
async function isOwned(pid: number, start: string): Promise<boolean> {
  if (!Number.isInteger(pid) || !isAlive(pid) || (await startOf(pid)) !== start) return false;
  return pid !== process.pid || start !== "";
}

const besides = (file: string): string => `${file}.${randomBytes(6).toString("hex")}`;

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

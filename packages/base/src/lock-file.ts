/**
 * A file that says which process has something, by its number, when it started and in which life of the host. The lock of a
 * process that is gone is taken over.
 */

import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { systemCodeOf } from "./fault.ts";

export type LockOutcome =
  | {
      readonly kind: "locked";
      /** Gives it back. */
      release(): Promise<void>;
    }
  /** Undefined: several tried at once, and it is not known who was first. */
  | { readonly kind: "held"; readonly pid: number | undefined };

/** Does not wait. */
export async function tryLock(file: string): Promise<LockOutcome> {
  const own = [process.pid, await startOf(process.pid), await bootId()].join(" ");
  for (let tries = 0; tries < 3; tries++) {
    if (await create(file, `${own}\n`)) return { kind: "locked", release: () => rm(file, { force: true }) };
    const pid = await removeIfStale(file);
    if (pid !== undefined) return { kind: "held", pid };
  }
  return { kind: "held", pid: undefined };
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

/** @returns the process that has it; undefined: nobody did, and it is gone */
async function removeIfStale(file: string): Promise<number | undefined> {
  const content = await readFile(file, "utf8").catch(() => "");
  const [pidText = "", start = "", boot = ""] = content.trim().split(" ");
  const pid = Number.parseInt(pidText, 10);
  if (await isOwned(pid, start, boot)) return pid;
  // Taken aside before it is removed: if it is another one by now, somebody was faster, and it goes back.
  const aside = besides(file);
  try {
    await rename(file, aside);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  if ((await readFile(aside, "utf8")) !== content) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
  return undefined;
}

/** Our own number without a start time is that of an earlier process: in a container every first one has it. */
async function isOwned(pid: number, start: string, boot: string): Promise<boolean> {
  if (!Number.isInteger(pid) || !isAlive(pid) || (await startOf(pid)) !== start) return false;
  if (boot !== "" && boot !== (await bootId())) return false;
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

const bootId = async (): Promise<string> =>
  (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "")).trim();

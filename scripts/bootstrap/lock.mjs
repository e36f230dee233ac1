// A folder as a lock: making it succeeds for one process only. It lies outside node_modules, which npm ci empties.

import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { problem } from "./problem.mjs";

const waitMs = 250;
const waitMaxMs = 15 * 60_000;
/** A lock without a pid is being made, unless it is older than this. */
const nakedAgeMaxMs = 10_000;

/** @param work is given a function that names a child: while that one lives, the lock holds, even without us. */
export async function withInstallLock(root, work) {
  const lock = join(root, ".haversack", "install.lock");
  await take(lock, root);
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.on("exit", release);
  try {
    await work((pid) => appendFileSync(join(lock, "pid"), ` ${pid}`));
  } finally {
    process.off("exit", release);
    release();
  }
}

async function take(lock, root) {
  const giveUpAt = Date.now() + waitMaxMs;
  let told = false;
  while (!tryTake(lock, root)) {
    const holder = holderOf(lock);
    if (holder === "gone") breakLock(lock);
    else if (!told) {
      told = true;
      console.error(`haversack: waits for another installation here (pid ${holder})`);
    }
    if (Date.now() > giveUpAt)
      throw problem(`another installation (pid ${holder}) takes too long; lock: ${lock}`);
    await pause(waitMs);
  }
}

function tryTake(lock, root) {
  try {
    mkdirSync(join(root, ".haversack"), { recursive: true, mode: 0o700 });
    mkdirSync(lock);
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw problem(`cannot install: ${error.message}`);
  }
  writeFileSync(join(lock, "pid"), String(process.pid));
  return true;
}

/** A pid that holds the lock, `gone` when none of them runs any more. */
function holderOf(lock) {
  try {
    const pids = readFileSync(join(lock, "pid"), "utf8")
      .split(" ")
      .map(Number)
      .filter((pid) => pid > 0);
    if (pids.length > 0) return pids.find(isAlive) ?? "gone";
  } catch {
    // No pid yet, or the lock was just released.
  }
  try {
    return Date.now() - statSync(lock).mtimeMs > nakedAgeMaxMs ? "gone" : "unknown";
  } catch {
    return "unknown";
  }
}

/** Only one of several can rename it away, so only one removes it; a lock that was taken meanwhile is put back. */
function breakLock(lock) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (holderOf(aside) !== "gone") renameSync(aside, lock);
  } catch {
    return;
  }
  rmSync(aside, { recursive: true, force: true });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

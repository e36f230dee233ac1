/**
 * A lock on a folder that processes of several machines may share, held for a moment: a file that only one can make. The
 * clocks of two machines are not compared; a holder that shows no sign of life while somebody waits for it is gone.
 */

import { randomBytes } from "node:crypto";
import { rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, FaultError, type Ms, pause, systemCodeOf } from "@haversack/base";

const pollMs: Ms = 50;
const silentMs: Ms = 10_000;
const patienceMs: Ms = 30_000;

/** @param work is given a sign of life to make now and then, well within ten seconds */
export async function withFolderLock<T>(
  folder: string,
  clock: Clock,
  work: (alive: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const file = join(folder, "lock");
  await take(file, clock);
  try {
    return await work(async () => {
      const now = clock.now() / 1000;
      await utimes(file, now, now);
    });
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string, clock: Clock): Promise<void> {
  const begun = clock.monotonic();
  let seen = { sign: 0, at: begun };
  while (!(await create(file))) {
    const now = clock.monotonic();
    if (now - begun > patienceMs) {
      throw new FaultError("busy", "vault_locked", `the vault is locked by ${file}; try again`);
    }
    const sign = await signOf(file);
    if (sign !== seen.sign) seen = { sign, at: now };
    else if (now - seen.at > silentMs) await removeStale(file, sign);
    await pause(clock, pollMs, new AbortController().signal);
  }
}

async function create(file: string): Promise<boolean> {
  try {
    await writeFile(file, "", { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** 0: there is none. */
const signOf = async (file: string): Promise<number> =>
  await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

/** Taken aside first: if it is another one by now, somebody was faster, and it goes back. */
async function removeStale(file: string, sign: number): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return;
    throw error;
  }
  if ((await signOf(aside)) === sign) await rm(aside, { force: true });
  else await rename(aside, file);
}

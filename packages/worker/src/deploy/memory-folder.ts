/** Where secrets lie for containers: a folder on a memory file system of this host, gone when the host restarts. */

import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { userInfo } from "node:os";
import { FaultError } from "@haversack/base";

/** The kernel's numbers of tmpfs and ramfs. */
const memoryKinds: ReadonlySet<number> = new Set([0x01_02_19_94, 0x85_84_58_f6]);
const candidates = ["/run", "/dev/shm"];

/** Rejects `secrets_no_memory`: a secret is never written to a disk. */
export async function memoryRoot(folders: readonly string[] = candidates): Promise<string> {
  const reasons: string[] = [];
  for (const folder of folders) {
    const problem = await problemOf(folder);
    if (problem === undefined) return folder;
    reasons.push(`${folder} ${problem}`);
  }
  const message = `secrets are kept in memory only, and there is no folder for them: ${reasons.join("; ")}; mount a tmpfs there that this worker may write`;
  throw new FaultError("invalid", "secrets_no_memory", message);
}

async function problemOf(folder: string): Promise<string | undefined> {
  try {
    const { type } = await statfs(folder);
    if (!memoryKinds.has(type)) return "is no memory file system";
    await access(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return "is not there, or may not be written";
  }
}

/** The first folder below: one for each user, because all of them may write to `/dev/shm`. */
export function memoryFolderName(): string {
  const { uid } = userInfo();
  return uid === 0 ? "haversack" : `haversack-${uid}`;
}

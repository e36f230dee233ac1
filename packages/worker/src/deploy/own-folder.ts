/**
 * Folders that the worker makes for containers, below one root of its own. Each part of the way is looked at before it is
 * used, and a link is refused wherever it leads: what is bound into a container is what we made.
 */

import { chmod, chown, lstat, mkdir } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { FaultError, systemCodeOf } from "@haversack/base";

/** As whom the processes of a container run. */
const containerUid = 10_001;
export const containerUser = `${containerUid}:${containerUid}`;

/**
 * Makes what is missing of `root/segments…`, 0700, and gives its path. Rejects `own_folder_refused` for what is a link, no
 * folder, or somebody else's. The root is there and trusted.
 * @param lastIsTheirs the last folder may belong to the container's user, whatever number the host has for it
 */
export async function ownFolder(
  root: string,
  segments: readonly string[],
  lastIsTheirs = false,
): Promise<string> {
  let path = root;
  for (const [index, segment] of segments.entries()) {
    if (segment === "" || segment === "." || segment === ".." || segment.includes("/"))
      throw refused(join(path, segment), "is no name of a folder");
    path = join(path, segment);
    await makeOne(path, lastIsTheirs && index > 0 && index === segments.length - 1);
  }
  return path;
}

async function makeOne(path: string, mayBeTheirs: boolean): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    // Whatever the umask took away.
    await chmod(path, 0o700);
    return;
  } catch (error) {
    if (systemCodeOf(error) !== "EEXIST") throw error;
  }
  const info = await lstat(path);
  if (info.isSymbolicLink()) throw refused(path, "is a link");
  if (!info.isDirectory()) throw refused(path, "is no folder");
  const { uid } = userInfo();
  // Into the folder above, which is ours, nobody else could have put it.
  if (info.uid === uid || mayBeTheirs) return;
  throw refused(path, `belongs to user ${info.uid}, not to this worker's user ${uid}`);
}

/**
 * Lets the container's user have it. Where the worker may not give files away it is opened to all, which lets nobody in:
 * the folders above are the worker's alone.
 * @param idShift of the container
 */
export async function giveToContainer(path: string, mode: number, idShift = 0): Promise<void> {
  const owner = containerUid + idShift;
  try {
    await chown(path, owner, owner);
    await chmod(path, mode);
  } catch (error) {
    if (systemCodeOf(error) !== "EPERM") throw error;
    await chmod(path, mode | ((mode & 0o700) >> 3) | ((mode & 0o700) >> 6));
  }
}

function refused(path: string, why: string): FaultError {
  const message = `${path} ${why}: the worker binds only folders into containers that it made itself; move it away`;
  return new FaultError("denied", "own_folder_refused", message);
}

/**
 * Named volumes: folders of the worker, `volumes/DEPLOYMENT/NAME` in its data folder. They outlive containers and go with
 * the deployment only where somebody says so.
 */

import { rm, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { posix } from "node:path";
import { FaultError, pathProblem } from "@haversack/base";
import type { DeployVolume } from "@haversack/protocol";
import type { MountSpec } from "../runtime/container.ts";
import { giveToContainer, ownFolder } from "./own-folder.ts";

/** The system's own, and ours. */
const reserved = ["/proc", "/sys", "/dev", "/etc", "/usr", "/run/haversack", "/opt/haversack"];
const nameForm = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** What is wrong with them; undefined: nothing. Pure. */
export function volumeProblem(volumes: readonly DeployVolume[]): string | undefined {
  const seen: string[] = [];
  for (const { name, path } of volumes) {
    const problem = targetProblem(path);
    if (!nameForm.test(name) || name.length > 64)
      return `the volume ${JSON.stringify(name)} has no good name`;
    if (problem !== undefined) return `the volume "${name}": the path ${JSON.stringify(path)} ${problem}`;
    const other = seen.find((each) => isWithin(each, path) || isWithin(path, each));
    if (other !== undefined) return `the volume "${name}": ${path} and ${other} lie within each other`;
    seen.push(path);
  }
  return undefined;
}

function targetProblem(path: string): string | undefined {
  if (!path.startsWith("/")) return "is not absolute";
  if (path === "/") return "is the root itself";
  if (posix.normalize(path) !== path || path.endsWith("/")) return "is not in its shortest form";
  const problem = pathProblem(path.slice(1));
  if (problem !== undefined) return problem;
  const under = reserved.find((each) => isWithin(each, path) || isWithin(path, each));
  return under === undefined ? undefined : `is, or would hide, ${under}`;
}

const isWithin = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Makes the folders that are missing. Rejects `volume_refused`, and `own_folder_refused` for a link on the way. */
export async function mountVolumes(
  dataFolder: string,
  deployment: string,
  volumes: readonly DeployVolume[],
): Promise<MountSpec[]> {
  const problem = volumeProblem(volumes);
  if (problem !== undefined) throw new FaultError("invalid", "volume_refused", problem);
  const mounts: MountSpec[] = [];
  for (const { name, path, readOnly } of volumes) {
    const source = await ownFolder(dataFolder, ["volumes", deployment, name], true);
    // One that was given away is left alone: a container that still runs may have it, and the engine counts users its own way.
    if ((await stat(source)).uid === userInfo().uid) await giveToContainer(source, 0o700);
    mounts.push({ source, target: path, readOnly });
  }
  return mounts;
}

export async function removeVolumes(dataFolder: string, deployment: string): Promise<void> {
  const folder = await ownFolder(dataFolder, ["volumes", deployment]);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** What of the host a container sees: its volumes, its agent's snapshot and its secrets, in folders that we made. */

import { copyFile, realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, messageOf } from "@haversack/base";
import type { ContainerView, MountSpec } from "../runtime/container.ts";
import { giveToContainer, ownFolder } from "./own-folder.ts";
import type { Deploy, DeployParts } from "./parts.ts";
import { deploymentPath } from "./record.ts";
import { runFolder, type SecretPlace, snapshotTarget } from "./secret-files.ts";
import { mountVolumes } from "./volumes.ts";

/** @param isNew what a container of an earlier attempt left in its folder of secrets is of no use */
export async function mountsOf(deploy: Deploy, isNew: boolean): Promise<MountSpec[]> {
  const { work, dataFolder, secretFiles, secrets, packFile } = deploy;
  const mounts = await mountVolumes(dataFolder, work.name, work.volumes);
  if (secrets.size > 0) {
    const source = await secretFiles.folder(work, { isNew, withSnapshot: packFile !== undefined });
    mounts.push({ source: await realpath(source), target: runFolder, readOnly: true });
  }
  if (packFile !== undefined)
    mounts.push({ source: await keepPack(deploy, packFile, isNew), target: snapshotTarget, readOnly: true });
  return mounts;
}

/** To the container's user, whose number on the host is known when the engine has made the container. Before its start. */
export async function giveMounts(
  { work, secrets, secretFiles }: Pick<Deploy, "work" | "secrets" | "secretFiles">,
  { mounts, idShift }: ContainerView,
): Promise<void> {
  for (const { source, target } of mounts)
    if (target !== runFolder)
      await giveToContainer(source, target === snapshotTarget ? 0o400 : 0o700, idShift);
  if (secrets.size > 0) await secretFiles.give(work, idShift);
}

/** A copy of its own: the cache may drop a pack that no attempt needs. */
async function keepPack({ work, dataFolder }: Deploy, packFile: string, isNew: boolean): Promise<string> {
  const folder = await ownFolder(dataFolder, deploymentPath(work));
  const path = join(folder, "snapshot.pack");
  if (!isNew && (await isThere(path))) return path;
  try {
    await copyFile(packFile, `${path}.tmp`);
    await giveToContainer(`${path}.tmp`, 0o400);
    await rename(`${path}.tmp`, path);
  } catch (error) {
    const message = `the snapshot could not be laid down for the container: ${messageOf(error)}`;
    throw new FaultError("unavailable", "snapshot_unavailable", message, { cause: error });
  }
  return path;
}

const isThere = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  );

/** After the container is gone. Volumes stay. */
export async function removeFolders(
  { dataFolder, secretFiles }: Pick<DeployParts, "dataFolder" | "secretFiles">,
  place: SecretPlace,
): Promise<void> {
  const folder = await ownFolder(dataFolder, deploymentPath(place));
  await rm(folder, { recursive: true, force: true });
  await secretFiles.remove(place);
}

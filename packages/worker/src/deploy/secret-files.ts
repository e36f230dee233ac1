/**
 * What a container finds below `/run/haversack`: `secrets/NAME`, one value a file, and `start`, which tells its process 1
 * that they are all there. The folder is on a memory file system and bound read-only; after a restart of the host it is
 * gone, and the container does not start until somebody fills it in again.
 */

import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import { memoryFolderName, memoryRoot } from "./memory-folder.ts";
import { giveToContainer, ownFolder } from "./own-folder.ts";

/** Where it is bound. */
export const runFolder = "/run/haversack";
export const snapshotTarget = `${runFolder}/snapshot.pack`;
const snapshotPlace = "snapshot.pack";
const startFile = "start";
const nameForm = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

export interface SecretPlace {
  readonly cluster: string;
  readonly name: string;
  readonly revision: number;
}

export interface SecretFiles {
  /** Of one container; a new one is empty and without `start`, whatever was there. */
  folder(
    place: SecretPlace,
    how: { readonly isNew: boolean; readonly withSnapshot: boolean },
  ): Promise<string>;
  /** To the user of a container that the engine has made; before its start. */
  give(place: SecretPlace, idShift: number | undefined): Promise<void>;
  /** Writes the values, then `start`. */
  write(place: SecretPlace, values: ReadonlyMap<string, string>, idShift?: number): Promise<void>;
  /** Whether it was filled since the host started. */
  isFilled(place: SecretPlace): Promise<boolean>;
  /** For whoever masks them; none when they are gone. */
  values(place: SecretPlace): Promise<readonly string[]>;
  /** Not there: nothing happens. */
  remove(place: SecretPlace): Promise<void>;
}

/** @param roots folders on memory file systems, tried in order; those of the system when absent */
export function secretFiles(roots?: readonly string[]): SecretFiles {
  const segments = ({ cluster, name, revision }: SecretPlace): string[] => [
    memoryFolderName(),
    cluster,
    `${name}-${revision}`,
  ];
  const folderOf = async (place: SecretPlace): Promise<string> =>
    ownFolder(await memoryRoot(roots), segments(place), true);
  const pathOf = async (place: SecretPlace): Promise<string> =>
    join(await memoryRoot(roots), ...segments(place));
  return {
    async folder(place, { isNew, withSnapshot }) {
      const folder = await folderOf(place);
      const old = isNew ? [startFile, "secrets"] : [];
      for (const name of old) await rm(join(folder, name), { recursive: true, force: true });
      await mkdir(join(folder, "secrets"), { recursive: true });
      // Over it goes the snapshot: the folder is read-only in the container, so its place has to be there.
      if (withSnapshot) await writeFile(join(folder, snapshotPlace), "");
      await giveFolder(folder);
      return folder;
    },
    give: async (place, idShift) => await giveFolder(await folderOf(place), idShift),
    async write(place, values, idShift) {
      const folder = await folderOf(place);
      for (const [name, value] of values)
        await giveToContainer(await writeSecret(join(folder, "secrets"), name, value), 0o400, idShift);
      await writeFile(join(folder, startFile), "");
      await giveToContainer(join(folder, startFile), 0o400, idShift);
    },
    async isFilled(place) {
      const folder = await pathOf(place).catch(() => undefined);
      if (folder === undefined) return false;
      return await stat(join(folder, startFile)).then(
        () => true,
        () => false,
      );
    },
    async values(place) {
      const folder = await pathOf(place).catch(() => undefined);
      if (folder === undefined) return [];
      const names = await readdir(join(folder, "secrets")).catch(() => []);
      return await Promise.all(names.map((name) => readFile(join(folder, "secrets", name), "utf8")));
    },
    async remove(place) {
      // Where there is no memory there are no secrets.
      const folder = await pathOf(place).catch(() => undefined);
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function giveFolder(folder: string, idShift?: number): Promise<void> {
  for (const path of [folder, join(folder, "secrets")]) await giveToContainer(path, 0o700, idShift);
}

/** @returns where it lies */
async function writeSecret(folder: string, name: string, value: string): Promise<string> {
  if (!nameForm.test(name)) {
    const message = `a secret cannot be a file named ${JSON.stringify(name)}: expected letters, digits, _, - and .`;
    throw new FaultError("invalid", "secret_unavailable", message);
  }
  const file = join(folder, name);
  await rm(file, { force: true });
  await writeFile(file, value, { mode: 0o400, flag: "wx" });
  return file;
}

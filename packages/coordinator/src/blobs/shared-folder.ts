/**
 * Coordinators on one database need one folder of artifacts, or a step does not find what another one left. The database
 * holds the folder's id, and so does a file in the folder: a coordinator that starts compares the two.
 */

import { join } from "node:path";
import { FaultError, readIfThere, type Service, writeDurably } from "@haversack/base";

export const folderIdFile = "folder-id";

export interface FolderNames {
  /** Undefined: no coordinator has named one yet. */
  readonly known: () => Promise<string | undefined>;
  /** Names it, unless somebody has. @returns its name */
  readonly name: (id: string) => Promise<string>;
}

/** Rejects with FaultError `conflict` when the folder is another one than that of the coordinators before. */
export async function checkSharedFolder(folder: string, names: FolderNames, freshId: string): Promise<void> {
  const path = join(folder, folderIdFile);
  const found = (await readIfThere(path))?.toString("utf8").trim();
  const known = await names.known();
  if (known !== undefined && known !== found) throw another(folder, known);
  if (known !== undefined) return;
  // The file comes first: what the database knows can be found.
  const id = found ?? freshId;
  if (found === undefined) await writeDurably(path, `${id}\n`);
  const named = await names.name(id);
  if (named !== id) throw another(folder, named);
}

/** As a part of a coordinator that keeps it from starting. */
export const sharedFolderGuard = (folder: string, names: FolderNames, freshId: string): Service => ({
  name: "artifacts",
  start: () => checkSharedFolder(folder, names, freshId),
  stop: async () => {},
});

function another(folder: string, id: string): FaultError {
  const where = `mount or link the one folder of artifacts at ${folder}`;
  const lost = `or, when it is lost for good, write ${id} into ${join(folder, folderIdFile)}`;
  const message = `${folder} is not the folder of artifacts that the other coordinators on this database have: ${where}; ${lost}`;
  return new FaultError("conflict", "other_blobs", message);
}

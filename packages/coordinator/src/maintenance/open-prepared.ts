/** Opens the stores of a coordinator, once its data folder is fit for it. */

import type { Ports } from "@haversack/base";
import { openStores, type Stores } from "../store/open-stores.ts";
import { prepareDataFolder } from "./prepare-data-folder.ts";

export type { Stores };

/** @returns what could be opened of the two. Rejects when the folder is half restored, or a backup has no room. */
export async function openPrepared(
  folder: string,
  url: string | undefined,
  ports: Ports,
  signal: AbortSignal,
): ReturnType<typeof openStores> {
  if (url === undefined) await prepareDataFolder(folder, ports, signal);
  return await openStores(folder, url, ports);
}

/** What comes before a coordinator opens the embedded databases of its folder. */

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ports } from "@haversack/base";
import { backUp } from "./backup.ts";
import { backupsFolder, fileMoment } from "./data-folder.ts";
import { refuseHalfRestored, refuseMoved } from "./folder-marks.ts";
import { dueMigrations } from "./schema-versions.ts";

const keptMax = 3;
const prefix = "before-schema-";

/** The caller owns the folder. Refuses one that is half restored or was moved; backs up databases that will be migrated. */
export async function prepareDataFolder(dataDir: string, ports: Ports, signal: AbortSignal): Promise<void> {
  await refuseHalfRestored(dataDir);
  await refuseMoved(dataDir);
  const path = await backUpBeforeMigration(dataDir, ports, signal);
  if (path !== undefined) ports.log.info({ backup: path }, "databases backed up before their migration");
}

/**
 * The databases alone: migrations do not touch artifacts. The newest few such backups are kept.
 * @returns where it is; undefined: nothing is to be migrated, or there is nothing yet
 */
export async function backUpBeforeMigration(
  dataDir: string,
  ports: Ports,
  signal: AbortSignal,
): Promise<string | undefined> {
  const due = dueMigrations(dataDir);
  if (!due.some(({ schema, due: steps }) => schema > 0 && steps.length > 0)) return undefined;
  const newest = Math.max(...due.flatMap(({ due: steps }) => steps.map(({ version }) => version)));
  const folder = join(dataDir, backupsFolder);
  const to = join(folder, `${prefix}${newest}-${fileMoment(ports.clock.now())}`);
  const { path } = await backUp({ dataDir, to, withoutBlobs: true }, ports, signal);
  await prune(folder);
  return path;
}

async function prune(folder: string): Promise<void> {
  const momentOf = (name: string): string => name.replace(/^before-schema-\d+-/, "");
  const ours = (await readdir(folder)).filter((name) => /^before-schema-\d+-[0-9TZ-]+$/.test(name));
  const oldest = ours.toSorted((a, b) => (momentOf(a) < momentOf(b) ? -1 : 1)).slice(0, -keptMax);
  for (const name of oldest) await rm(join(folder, name), { recursive: true });
}

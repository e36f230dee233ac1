/**
 * What this worker remembers of a container that it deployed: a small file beside its snapshot. It is written when the
 * deploy has ended well, so its being there says that the container is whole.
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere, writeDurably } from "@haversack/base";
import type { DeployHealth } from "@haversack/protocol";
import { z } from "zod";
import { ownFolder } from "./own-folder.ts";

export interface DeployRecord {
  readonly health?: DeployHealth;
}

interface Place {
  readonly name: string;
  readonly revision: number;
}

const probe = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("http"), path: z.string() }),
  z.object({ kind: z.literal("tcp") }),
  z.object({ kind: z.literal("command"), argv: z.array(z.string()) }),
]);
const form = z.object({
  health: z
    .object({
      probe,
      port: z.number().optional(),
      intervalMs: z.number(),
      timeoutMs: z.number(),
      withinMs: z.number(),
    })
    .optional(),
});

/** Below the worker's data folder. */
export const deploymentPath = ({ name, revision }: Place): readonly string[] => [
  "deployments",
  `${name}-${revision}`,
];

const fileIn = (folder: string): string => join(folder, "record.json");

export async function writeRecord(dataFolder: string, place: Place, record: DeployRecord): Promise<void> {
  const folder = await ownFolder(dataFolder, deploymentPath(place));
  await writeDurably(fileIn(folder), JSON.stringify(record));
}

export async function removeRecord(dataFolder: string, place: Place): Promise<void> {
  await rm(fileIn(join(dataFolder, ...deploymentPath(place))), { force: true });
}

/** Undefined: its deploy did not end well, or it is of another worker. */
export async function readRecord(dataFolder: string, place: Place): Promise<DeployRecord | undefined> {
  const bytes = await readIfThere(fileIn(join(dataFolder, ...deploymentPath(place))));
  if (bytes === undefined) return undefined;
  try {
    const { health } = form.parse(JSON.parse(bytes.toString("utf8")));
    if (health === undefined) return {};
    const { port, ...rest } = health;
    return { health: { ...rest, ...(port !== undefined && { port }) } };
  } catch {
    // Half of a file is no record.
    return undefined;
  }
}

/** What a turn loop of an agent server is given: folders, and an assignment as the worker of a step would write it. */

import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ports } from "@haversack/base";
import type { JsonObject } from "@haversack/protocol";
import type { InspectedPack } from "@haversack/snapshot";
import type { Assignment } from "../assignment.ts";
import type { ServeSettings } from "./settings.ts";

export interface TurnRequest {
  readonly prompt: string;
  /** JSON Schema; absent: words are enough. */
  readonly output?: JsonObject;
}

export interface ServeOutside {
  readonly ports: Ports;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line for people, masked. */
  readonly note: (line: string) => void;
}

export interface TurnParts {
  readonly settings: ServeSettings;
  readonly outside: ServeOutside;
  readonly pack: InspectedPack;
}

const seenByTools = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER", "SHELL"];

/** Where the agent's files are. */
export async function makeWorkFolder({ workFolder }: ServeSettings): Promise<void> {
  await mkdir(join(workFolder, "work"), { recursive: true });
}

/** Skills are written below it; it goes with the turn. */
export async function withFolder<Value>(
  settings: ServeSettings,
  use: (folder: string) => Promise<Value>,
): Promise<Value> {
  await mkdir(settings.workFolder, { recursive: true });
  const folder = await mkdtemp(join(await realpath(settings.workFolder), "turn-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function assignmentOf(
  { prompt, output }: TurnRequest,
  { settings, outside, pack, folder }: TurnParts & { readonly folder: string },
): Assignment {
  const seen = Object.entries(outside.env).filter(
    ([name]) => seenByTools.includes(name) || name.startsWith("LC_"),
  );
  return {
    kind: "assignment",
    packFile: settings.packFile,
    snapshot: {
      formatVersion: pack.formatVersion,
      digest: pack.name,
      compressedSize: pack.compressedSize,
      uncompressedSize: pack.uncompressedSize,
    },
    snapshotLimits: settings.limits,
    dagName: "deployment",
    prompt,
    ...(output !== undefined && { outputSchema: output as Assignment["outputSchema"] & object }),
    workFolder: join(settings.workFolder, "work"),
    controlFolder: folder,
    toolEnv: Object.fromEntries(seen.map(([name, value]) => [name, value ?? ""])),
    secretVariables: [],
  };
}

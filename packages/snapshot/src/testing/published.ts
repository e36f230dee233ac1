/**
 * What readers in other languages are given, below `vectors/v1/`: the schema, and packs with what a reader must say of
 * each. Run as a program it writes the files anew; a test compares them.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { snapshotSchema } from "../format/json-schema.ts";
import { invalidPacks } from "./invalid-packs.ts";
import { validPacks } from "./valid-packs.ts";
import type { VectorPack } from "./vector-packs.ts";

export const publishedFolder = join(import.meta.dirname, "../../vectors/v1");

/** Bytes by path below the folder. */
export function publishedFiles(): ReadonlyMap<string, Uint8Array> {
  const packs = allPacks();
  const index = packs.map(({ name, outcome, why, claims }) => ({ file: `${name}.gz`, outcome, why, claims }));
  return new Map<string, Uint8Array>([
    ["schema.json", Buffer.from(snapshotSchema())],
    ["packs/index.json", Buffer.from(`${JSON.stringify(index, undefined, 2)}\n`)],
    ...packs.map(({ name, bytes }): [string, Uint8Array] => [`packs/${name}.gz`, bytes]),
  ]);
}

export const allPacks = (): VectorPack[] => [...validPacks(), ...invalidPacks()];

if (import.meta.main) {
  for (const [path, bytes] of publishedFiles()) {
    const target = join(publishedFolder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
}

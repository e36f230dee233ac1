/**
 * What readers in other languages are given, below `vectors/v1/`: the schema, and packs with what a reader must say of
 * each. Run as a program it writes the files anew; a test compares them.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { snapshotSchema } from "../format/json-schema.ts";

export const publishedFolder = join(import.meta.dirname, "../../vectors/v1");

/** Bytes by path below the folder. */
export async function publishedFiles(): Promise<ReadonlyMap<string, Uint8Array>> {
  return new Map([["schema.json", Buffer.from(snapshotSchema())]]);
}

if (import.meta.main) {
  for (const [path, bytes] of await publishedFiles()) {
    const target = join(publishedFolder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
}

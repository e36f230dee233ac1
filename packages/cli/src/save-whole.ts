import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Writes beside the file first, so that a broken transfer leaves nothing that looks whole. */
export async function saveWhole(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const part = resolve(dirname(file), `.${basename(file)}.part`);
  await mkdir(dirname(file), { recursive: true });
  try {
    await pipeline(Readable.from(chunks), createWriteStream(part), { signal });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

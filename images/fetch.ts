/** Files by sha256: in a cache folder under that name, or from the first address that has the right bytes. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, messageOf } from "@haversack/base";

export interface Wanted {
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
  readonly urls: readonly string[];
}

const atOnce = 4;
const tries = 3;

/** All of them are in the folder when this resolves. Throws FaultError `download_failed` with what each address said. */
export async function fetchAll(folder: string, wanted: readonly Wanted[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const queue = [...wanted];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await fetchOne(folder, next);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function fetchOne(folder: string, { name, sha256, size, urls }: Wanted): Promise<void> {
  const file = join(folder, sha256);
  if (await isThere(file, sha256)) return;
  const said: string[] = [];
  for (const url of urls.flatMap((each) => Array.from({ length: tries }, () => each))) {
    try {
      const bytes = await bytesOf(url, size);
      if (hashOf(bytes) !== sha256) throw new Error("sha256 differs from the lock");
      await writeFile(`${file}.part`, bytes);
      await rename(`${file}.part`, file);
      return;
    } catch (error) {
      said.push(`${url}: ${messageOf(error)}`);
    }
  }
  throw new FaultError(
    "unavailable",
    "download_failed",
    `${name} cannot be had:\n${[...new Set(said)].join("\n")}`,
  );
}

async function isThere(file: string, sha256: string): Promise<boolean> {
  const isFile = await access(file).then(
    () => true,
    () => false,
  );
  return isFile && hashOf(await readFile(file)) === sha256;
}

async function bytesOf(url: string, size: number): Promise<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.timeout(300_000) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length !== size) throw new Error(`${bytes.length} bytes instead of ${size}`);
  return bytes;
}

export const hashOf = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

/** 64 hexadecimal digits of a file that may be large. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}

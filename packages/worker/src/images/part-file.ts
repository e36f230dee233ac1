/**
 * The file of an image while it comes, and when it is whole: `DIGEST.part`, `DIGEST.part.meta`, `DIGEST.file`. Bytes that are
 * here are never thrown away by a fault of the way; only the hash of the whole file says whether they are right.
 */

import { constants, type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere, syncFolder, writeDurably } from "@haversack/base";
import type { BaseImageFile } from "@haversack/protocol";
import { z } from "zod";
import { hexOf } from "./journal.ts";
import type { Kept } from "./open-source.ts";

const metaSchema = z.object({
  url: z.string(),
  etag: z.string().exactOptional(),
  size: z.number(),
  sha256: z.string(),
});

export class PartFile {
  readonly path: string;
  /** Where the engine reads it when it is whole and verified. */
  readonly wholePath: string;
  readonly #folder: string;
  readonly #file: BaseImageFile;
  #handle: FileHandle | undefined;
  #bytes = 0;

  constructor(folder: string, file: BaseImageFile) {
    this.#folder = folder;
    this.#file = file;
    this.path = join(folder, `${hexOf(file.sha256)}.part`);
    this.wholePath = join(folder, `${hexOf(file.sha256)}.file`);
  }

  /** What is here of it. More than there is of the file is nothing. */
  async kept(): Promise<Kept> {
    const { size, sha256 } = this.#file;
    const bytes = await sizeOf(this.path);
    if (bytes === 0 || bytes > size) return { bytes: 0 };
    const meta = parseMeta(await readIfThere(`${this.path}.meta`));
    if (meta === undefined || meta.size !== size || meta.sha256 !== sha256) return { bytes };
    return { bytes, from: meta.url, ...(meta.etag === undefined ? {} : { etag: meta.etag }) };
  }

  /** It was verified once; it is again before anybody gets it. */
  async isWhole(): Promise<boolean> {
    return (await sizeOf(this.wholePath)) === this.#file.size;
  }

  /** Puts a whole one back to where it is verified. */
  async reopenWhole(): Promise<void> {
    await rename(this.wholePath, this.path);
  }

  /** From here on bytes are appended at `offset`, and what is behind it is gone. */
  async begin(offset: number, from: string, etag: string | undefined): Promise<void> {
    const { size, sha256 } = this.#file;
    const meta = { url: from, ...(etag === undefined ? {} : { etag }), size, sha256 };
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
    this.#handle = await open(this.path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    await this.#handle.truncate(offset);
    this.#bytes = offset;
    await writeDurably(`${this.path}.meta`, JSON.stringify(meta));
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let from = 0; from < chunk.length; ) {
      const written = await this.#handle?.write(chunk, from, chunk.length - from, this.#bytes);
      if (written === undefined) throw new Error(`${this.path} is not open`);
      from += written.bytesWritten;
      this.#bytes += written.bytesWritten;
    }
  }

  /** What was appended survives a power cut. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    try {
      await handle?.sync();
    } finally {
      await handle?.close();
    }
  }

  /** It has the right hash. */
  async keep(): Promise<void> {
    const file = await open(this.path, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(this.path, this.wholePath);
    await rm(`${this.path}.meta`, { force: true });
    await syncFolder(this.#folder);
  }

  async removePart(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(`${this.path}.meta`, { force: true });
  }

  async removeWhole(): Promise<void> {
    await rm(this.wholePath, { force: true });
  }
}

export interface OldFile {
  readonly path: string;
  readonly hex: string;
  readonly kind: "part" | "file" | "rest";
  readonly modifiedAt: number;
}

/** What lies in the folder of images, for whoever cleans up. */
export async function filesOf(folder: string): Promise<readonly OldFile[]> {
  const found: OldFile[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const [, hex, ending] =
      /^([0-9a-f]{64})\.(part|part\.meta|file|part\.meta\.[0-9a-f]+\.tmp)$/.exec(name) ?? [];
    if (hex === undefined) continue;
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) continue;
    const kind = ending === "part" || ending === "file" ? ending : "rest";
    found.push({ path, hex, kind, modifiedAt: info.mtimeMs });
  }
  return found;
}

const sizeOf = async (path: string): Promise<number> =>
  await stat(path).then(
    (info) => (info.isFile() ? info.size : 0),
    () => 0,
  );

function parseMeta(data: Buffer | undefined): z.infer<typeof metaSchema> | undefined {
  if (data === undefined) return undefined;
  try {
    return metaSchema.parse(JSON.parse(data.toString("utf8")));
  } catch {
    return undefined;
  }
}

/**
 * Artifacts, one file each, named by their digest. A file is either whole and verified or not there: it is written
 * under a temporary name, hashed on the way, flushed and renamed.
 */

import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FaultError, syncFolder, systemCodeOf } from "@haversack/base";
import { artifactBytesMax, type Digest } from "@haversack/protocol";

export class BlobStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async has(digest: Digest): Promise<boolean> {
    try {
      return (await stat(this.#pathOf(digest))).isFile();
    } catch (error) {
      if (systemCodeOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  /** Stores exactly what the digest names; anything else is refused and leaves nothing. */
  async put(digest: Digest, size: number, data: AsyncIterable<Uint8Array>): Promise<void> {
    if (size > artifactBytesMax) {
      throw new FaultError(
        "busy",
        "artifact_too_large",
        `an artifact has ${size} bytes, at most ${artifactBytesMax}`,
      );
    }
    const path = this.#pathOf(digest);
    const made = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncFolder(dirname(made));
    const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      await writeVerified(temporary, digest, size, data);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(path));
  }

  /** Rejects with `missing` when there is no such blob. */
  async *read(digest: Digest, chunkBytes: number): AsyncIterable<Uint8Array> {
    if (!(await this.has(digest))) {
      throw new FaultError("missing", "unknown_blob", `there is no blob ${digest}`);
    }
    yield* createReadStream(this.#pathOf(digest), { highWaterMark: chunkBytes });
  }

  /** The digest was parsed: it holds hex digits only. */
  #pathOf(digest: Digest): string {
    const hex = digest.slice("sha256:".length);
    return join(this.#folder, hex.slice(0, 2), hex);
  }
}

async function writeVerified(
  path: string,
  digest: Digest,
  size: number,
  data: AsyncIterable<Uint8Array>,
): Promise<void> {
  const hash = createHash("sha256");
  let length = 0;
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of data) {
      length += chunk.length;
      if (length > size) break;
      hash.update(chunk);
      await file.appendFile(chunk);
    }
    if (length !== size || `sha256:${hash.digest("hex")}` !== digest) {
      throw new FaultError(
        "corrupt",
        "blob_mismatch",
        "the bytes are not those that the digest and the size name",
      );
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

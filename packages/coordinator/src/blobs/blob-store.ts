/**
 * Artifacts, one file each, named by their digest. A file is either whole and verified or not there: it is written
 * under a temporary name, hashed on the way, flushed and renamed. Its time says when somebody last stored it or was
 * told that it is there.
 */

import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, FaultError, type Ms, syncFolder, systemCodeOf } from "@haversack/base";
import { artifactBytesMax, type Digest } from "@haversack/protocol";
import { blobPath, oldFiles } from "./old-files.ts";

export class BlobStore {
  readonly folder: string;
  readonly #clock: Clock;
  /** Who wants the same blob takes turns: what is being removed is promised to nobody. */
  readonly #turns = new Map<Digest, Promise<void>>();

  constructor(folder: string, clock: Clock) {
    this.folder = folder;
    this.#clock = clock;
  }

  async has(digest: Digest): Promise<boolean> {
    try {
      return (await stat(this.#pathOf(digest))).isFile();
    } catch (error) {
      if (systemCodeOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  /** Whether it is there; if so, it counts as stored at this moment. */
  async renew(digest: Digest): Promise<boolean> {
    return await this.#alone(digest, async () => {
      try {
        await this.#touch(this.#pathOf(digest));
        return true;
      } catch (error) {
        if (systemCodeOf(error) === "ENOENT") return false;
        throw error;
      }
    });
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
      await this.#touch(temporary);
      await this.#alone(digest, () => rename(temporary, path));
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

  /** What was stored before, a bounded number at a time; removes what a crash left half-written before. */
  old(before: Ms): AsyncIterable<readonly Digest[]> {
    return oldFiles(this.folder, before);
  }

  /** Removes it if it was not stored again since. @returns its bytes; undefined: it stays, or was not there */
  async remove(digest: Digest, storedBefore: Ms): Promise<number | undefined> {
    const path = this.#pathOf(digest);
    return await this.#alone(digest, async () => {
      try {
        const { mtimeMs, size } = await stat(path);
        if (mtimeMs >= storedBefore) return undefined;
        await rm(path);
        return size;
      } catch (error) {
        if (systemCodeOf(error) === "ENOENT") return undefined;
        throw error;
      }
    });
  }

  async #touch(path: string): Promise<void> {
    const seconds = this.#clock.now() / 1000;
    await utimes(path, seconds, seconds);
  }

  async #alone<T>(digest: Digest, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(digest) ?? Promise.resolve()).then(work);
    const done = turn.then(
      () => {},
      () => {},
    );
    this.#turns.set(digest, done);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(digest) === done) this.#turns.delete(digest);
    }
  }

  #pathOf(digest: Digest): string {
    return blobPath(this.folder, digest);
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

/**
 * Artifacts, one file each, named by their digest. A file is either whole and verified or not there: it is written
 * under a temporary name, hashed on the way, flushed and renamed. Its time says when somebody last stored it or was
 * told that it is there.
 */

import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname } from "node:path";
import { abortable, type Clock, FaultError, type Ms, syncFolder, systemCodeOf } from "@haversack/base";
import { artifactBytesMax, type Digest } from "@haversack/protocol";
import { blobPath, oldFiles, partialPath } from "./old-files.ts";

export interface BlobUpload {
  readonly digest: Digest;
  /** Bytes of the whole blob. */
  readonly size: number;
  readonly offset?: number;
}

export class BlobStore {
  readonly folder: string;
  readonly #clock: Clock;
  /** Who wants the same blob takes turns: what is being removed is promised to nobody. */
  readonly #turns = new Map<Digest, Promise<void>>();
  readonly #writers = new Map<
    Digest,
    { readonly superseded: AbortController; readonly done: Promise<void> }
  >();

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

  /**
   * How much of a blob an upload that was cut off left behind. One that is under way is ended first: who asks is about to
   * go on with it, and a connection may be dead for a while before that shows.
   */
  async held(digest: Digest): Promise<number> {
    const writer = this.#writers.get(digest);
    writer?.superseded.abort(
      new FaultError("busy", "upload_superseded", "another upload of the same artifact took over"),
    );
    await writer?.done;
    return await sizeOf(partialPath(this.folder, digest));
  }

  /**
   * Stores exactly what the digest names; anything else is refused and leaves nothing. What was cut off before its end stays
   * for a while.
   * @param blob `offset`: bytes that are left out, all that {@link held} answered
   */
  async put({ digest, size, offset = 0 }: BlobUpload, data: AsyncIterable<Uint8Array>): Promise<void> {
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
    await this.#asWriter(digest, async (superseded) => {
      // Whoever renames it has it alone, also among coordinators that share the folder.
      const partial = partialPath(this.folder, digest);
      if (offset > 0) await takePartial(partial, temporary, offset);
      try {
        await writeVerified(temporary, { digest, size, offset }, data, superseded);
      } catch (error) {
        if (error instanceof FaultError && error.code === "blob_mismatch")
          await rm(temporary, { force: true });
        else await rename(temporary, partial).catch(() => {});
        throw error;
      }
      await this.#touch(temporary);
      await this.#alone(digest, () => rename(temporary, path));
      await rm(partial, { force: true });
    });
    await syncFolder(dirname(path));
  }

  /** The newest writer of a blob is the one that can end the others. */
  async #asWriter(digest: Digest, work: (superseded: AbortSignal) => Promise<void>): Promise<void> {
    const superseded = new AbortController();
    const done = Promise.withResolvers<void>();
    const writer = { superseded, done: done.promise };
    this.#writers.set(digest, writer);
    try {
      await work(superseded.signal);
    } finally {
      done.resolve();
      if (this.#writers.get(digest) === writer) this.#writers.delete(digest);
    }
  }

  /** Rejects with `missing` when there is no such blob. */
  async *read(digest: Digest, chunkBytes: number, start = 0): AsyncIterable<Uint8Array> {
    if (!(await this.has(digest))) {
      throw new FaultError("missing", "unknown_blob", `there is no blob ${digest}`);
    }
    yield* createReadStream(this.#pathOf(digest), { highWaterMark: chunkBytes, start });
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

async function takePartial(partial: string, temporary: string, offset: number): Promise<void> {
  const held = await sizeOf(partial);
  if (held === offset && held > 0) {
    await rename(partial, temporary);
    return;
  }
  const message = `of this artifact ${held} bytes are here, and the upload leaves out ${offset}; ask again how much is here`;
  throw new FaultError("busy", "upload_offset", message);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return 0;
    throw error;
  }
}

async function writeVerified(
  path: string,
  { digest, size, offset }: Required<BlobUpload>,
  data: AsyncIterable<Uint8Array>,
  superseded: AbortSignal,
): Promise<void> {
  const hash = createHash("sha256");
  if (offset > 0) for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  let length = offset;
  const file = await open(path, offset > 0 ? "a" : "wx", 0o600);
  const chunks = data[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await abortable(chunks.next(), superseded);
      if (next.done === true) break;
      length += next.value.length;
      if (length > size) break;
      hash.update(next.value);
      await file.appendFile(next.value);
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
    // Not awaited: a sender that says nothing would hold up whoever takes over.
    void chunks.return?.().catch(() => {});
  }
}

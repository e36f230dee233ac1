/**
 * Packs on the disk, named by digest, shared by the attempts of this worker. Whoever opens one runs the guard over it,
 * so a file that was damaged or exchanged is found then; it is deleted and fetched again.
 */

import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, FaultError, present, writeDurably } from "@haversack/base";
import { type AttemptRef, type Digest, parseDigest, type SnapshotDescriptor } from "@haversack/protocol";
import type { Connection } from "../session/dial.ts";

const bytesMax = 256 * 1024 * 1024;
const filesMax = 4096;
const suffix = ".gz";

export class SnapshotCache {
  readonly #folder: string;
  readonly #connection: Connection;
  readonly #clock: Clock;
  /** One fetch for all that want the same pack. */
  readonly #fetching = new Map<Digest, Promise<string>>();
  /** Packs of live attempts are never evicted; a fetch is made in the name of one of them that still lives. */
  readonly #inUse = new Map<Digest, AttemptRef[]>();

  constructor(folder: string, connection: Connection, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
    this.#connection = connection;
  }

  /** Removes what a crash left half-written. */
  async clean(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.filter((name) => name.endsWith(".tmp"))) {
      await rm(join(this.#folder, name), { force: true });
    }
  }

  /** What the hello says; a hint. Newest first, at most 1,024. */
  async held(): Promise<Digest[]> {
    const files = await this.#files();
    return files.slice(0, 1024).map(({ digest }) => digest);
  }

  /** The pack is on the disk when this resolves; held until `release`. */
  async acquire(ref: AttemptRef, pack: SnapshotDescriptor, signal: AbortSignal): Promise<void> {
    this.#inUse.set(pack.digest, [...(this.#inUse.get(pack.digest) ?? []), ref]);
    try {
      await this.fileOf(pack, signal);
    } catch (error) {
      this.release(ref, pack.digest);
      throw error;
    }
  }

  /** The path of an acquired pack; fetches it again when it was forgotten. */
  async fileOf(pack: SnapshotDescriptor, signal: AbortSignal): Promise<string> {
    const path = this.#pathOf(pack.digest);
    if (await this.#isThere(path, pack)) {
      await this.#touch(path);
      return path;
    }
    const running = this.#fetching.get(pack.digest);
    if (running !== undefined) return await running;
    const ref = present(this.#inUse.get(pack.digest)?.at(-1), "an attempt that acquired the pack");
    const fetching = this.#fetch(ref, pack, path, signal).finally(() => this.#fetching.delete(pack.digest));
    this.#fetching.set(pack.digest, fetching);
    return await fetching;
  }

  release(ref: AttemptRef, digest: Digest): void {
    const others = (this.#inUse.get(digest) ?? []).filter((user) => user !== ref);
    if (others.length === 0) this.#inUse.delete(digest);
    else this.#inUse.set(digest, others);
  }

  /** After the guard refused the file. */
  async forget(digest: Digest): Promise<void> {
    await rm(this.#pathOf(digest), { force: true });
  }

  /** Eviction takes what was used longest ago. */
  async #touch(path: string): Promise<void> {
    const seconds = this.#clock.now() / 1000;
    await utimes(path, seconds, seconds);
  }

  async #isThere(path: string, pack: SnapshotDescriptor): Promise<boolean> {
    try {
      return (await stat(path)).size === pack.compressedSize;
    } catch {
      return false;
    }
  }

  async #fetch(
    ref: AttemptRef,
    pack: SnapshotDescriptor,
    path: string,
    signal: AbortSignal,
  ): Promise<string> {
    const bytes =
      pack.gzip ?? (await this.#connection.getSnapshot(ref, pack.digest, pack.compressedSize, signal));
    if (bytes.length !== pack.compressedSize) {
      const message = `the pack has ${bytes.length} bytes, announced were ${pack.compressedSize}`;
      throw new FaultError("corrupt", "snapshot_corrupt", message);
    }
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeDurably(path, bytes, 0o600);
    await this.#evict();
    return path;
  }

  /** Oldest first, until the cache is within its bounds. */
  async #evict(): Promise<void> {
    const files = await this.#files();
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    let count = files.length;
    for (const { digest, size } of files.toReversed()) {
      if (bytes <= bytesMax && count <= filesMax) return;
      if (this.#inUse.has(digest)) continue;
      await this.forget(digest);
      bytes -= size;
      count -= 1;
    }
  }

  /** Newest first. */
  async #files(): Promise<{ digest: Digest; size: number; usedAt: number }[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const files = await Promise.all(
      names
        .filter((name) => /^[0-9a-f]{64}\.gz$/.test(name))
        .map(async (name) => {
          const { size, mtimeMs } = await stat(join(this.#folder, name));
          return { digest: parseDigest(`sha256:${name.slice(0, -suffix.length)}`), size, usedAt: mtimeMs };
        }),
    );
    return files.toSorted((a, b) => b.usedAt - a.usedAt);
  }

  #pathOf(digest: Digest): string {
    return join(this.#folder, `${digest.slice("sha256:".length)}${suffix}`);
  }
}

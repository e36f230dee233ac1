/**
 * Packs on the disk, named by digest, shared by the attempts of this worker. Whoever opens one runs the guard over it,
 * so a file that was damaged or exchanged is found then; it is deleted and fetched again.
 *
 * The coordinator hears what is here with the hello and what changes with each heartbeat, so that it leaves out bytes
 * which are here already. That is a hint: what decides is the file. A hint that is wrong costs one fetch.
 */

import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, FaultError, type Ms, present, writeDurably } from "@haversack/base";
import {
  type AttemptRef,
  type CacheChanges,
  type Digest,
  parseDigest,
  type SnapshotDescriptor,
  snapshotsToldMax,
} from "@haversack/protocol";
import type { Connection } from "../session/dial.ts";

const bytesMax = 256 * 1024 * 1024;
const filesMax = 4096;
const suffix = ".gz";
/** How exact the time of the last use is: marking each use would cost as much as the look-up itself. */
const usedAtStepMs = 60_000;

export class SnapshotCache {
  readonly #folder: string;
  readonly #connection: Connection;
  readonly #clock: Clock;
  /** One fetch for all that want the same pack. */
  readonly #fetching = new Map<Digest, Promise<string>>();
  /** Packs of live attempts are never evicted; a fetch is made in the name of one of them that still lives. */
  readonly #inUse = new Map<Digest, AttemptRef[]>();
  /** Bytes of each file, the one that was used last at the end. */
  readonly #files = new Map<Digest, number>();
  /** What the coordinator was not told yet; of each pack the last that happened. */
  readonly #untold = new Map<Digest, "added" | "evicted">();
  #bytes = 0;

  constructor(folder: string, connection: Connection, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
    this.#connection = connection;
  }

  /** Learns what is here and removes what a crash left half-written. */
  async open(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.filter((name) => name.endsWith(".tmp"))) {
      await rm(join(this.#folder, name), { force: true });
    }
    const files = await Promise.all(names.filter((name) => /^[0-9a-f]{64}\.gz$/.test(name)).map(this.#stat));
    for (const { digest, size } of files.toSorted((a, b) => a.usedAt - b.usedAt)) this.#keep(digest, size);
  }

  /** What the hello says, the last used first. From here on {@link changes} tells what is different. */
  announce(): Digest[] {
    this.#untold.clear();
    return [...this.#files.keys()].toReversed().slice(0, snapshotsToldMax);
  }

  /** What came and went since it was asked last, or announced; what is too much for one message comes the next time. */
  changes(): CacheChanges {
    const told = [...this.#untold].slice(0, snapshotsToldMax);
    for (const [digest] of told) this.#untold.delete(digest);
    const of = (what: "added" | "evicted") =>
      told.flatMap(([digest, happened]) => (happened === what ? [digest] : []));
    return { snapshotsAdded: of("added"), snapshotsEvicted: of("evicted") };
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
    const usedAt = await this.#usedAt(path, pack);
    if (usedAt !== undefined) {
      this.#keep(pack.digest, pack.compressedSize);
      await this.#touch(path, usedAt);
      return path;
    }
    this.#drop(pack.digest);
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
    this.#drop(digest);
    await rm(this.#pathOf(digest), { force: true });
  }

  /** Used now: eviction takes what was used longest ago. */
  #keep(digest: Digest, size: number): void {
    const before = this.#files.get(digest);
    if (before === undefined) this.#untold.set(digest, "added");
    this.#files.delete(digest);
    this.#files.set(digest, size);
    this.#bytes += size - (before ?? 0);
  }

  #drop(digest: Digest): void {
    const size = this.#files.get(digest);
    if (size === undefined) return;
    this.#files.delete(digest);
    this.#bytes -= size;
    this.#untold.set(digest, "evicted");
  }

  /** For the next process. */
  async #touch(path: string, usedAt: Ms): Promise<void> {
    const now = this.#clock.now();
    // Either way: a clock that was set back must not make a pack look used for ever.
    if (Math.abs(now - usedAt) < usedAtStepMs) return;
    await utimes(path, now / 1000, now / 1000);
  }

  /** Undefined: the pack is not there, or not whole. */
  async #usedAt(path: string, pack: SnapshotDescriptor): Promise<Ms | undefined> {
    try {
      const { size, mtimeMs } = await stat(path);
      return size === pack.compressedSize ? mtimeMs : undefined;
    } catch {
      return undefined;
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
    this.#keep(pack.digest, bytes.length);
    await this.#evict();
    return path;
  }

  /** Oldest first, until the cache is within its bounds. */
  async #evict(): Promise<void> {
    for (const digest of this.#files.keys()) {
      if (this.#bytes <= bytesMax && this.#files.size <= filesMax) return;
      if (!this.#inUse.has(digest)) await this.forget(digest);
    }
  }

  readonly #stat = async (name: string): Promise<{ digest: Digest; size: number; usedAt: number }> => {
    const { size, mtimeMs } = await stat(join(this.#folder, name));
    return { digest: parseDigest(`sha256:${name.slice(0, -suffix.length)}`), size, usedAt: mtimeMs };
  };

  #pathOf(digest: Digest): string {
    return join(this.#folder, `${digest.slice("sha256:".length)}${suffix}`);
  }
}

/**
 * The table of this worker's images: every move goes through here. A move is made at once in memory, so that what races
 * sees it; it is written down before anybody is told of it; it is told in order. Progress is told at most once a second for
 * an image and written nowhere.
 */

import { type Log, type Ms, messageOf, type Ports, type Timer } from "@haversack/base";
import type { Digest, ImageProgress, ImageStatus } from "@haversack/protocol";
import type { ImageRecord } from "./image-record.ts";
import { type ImageHappening, imageAfter } from "./image-table.ts";

export interface BoardParts {
  readonly ports: Ports;
  readonly journal: {
    write(record: ImageRecord): Promise<void>;
    remove(digest: Digest): Promise<void>;
  };
  /** Absent images of this kind are shown as not fetched by themselves. */
  readonly isBarred: (record: ImageRecord) => boolean;
  readonly tell: (statuses: readonly ImageStatus[]) => void;
}

/** What a move says besides the state. What the state does not have is dropped by itself. */
export interface MoveDetails extends Partial<Omit<ImageRecord, "status" | "pausedUntil">> {
  readonly status?: Partial<ImageStatus>;
  readonly pausedUntil?: number | undefined;
}

const progressEveryMs: Ms = 1000;

export class Board {
  readonly #parts: BoardParts;
  readonly #log: Log;
  readonly #records = new Map<Digest, ImageRecord>();
  readonly #listeners = new Set<(record: ImageRecord) => void>();
  readonly #telling = new Map<Digest, { readonly timer: Timer; owed: boolean }>();
  #written: Promise<void> = Promise.resolve();
  #seq = 0;

  constructor(parts: BoardParts) {
    this.#parts = parts;
    this.#log = parts.ports.log;
  }

  get(digest: Digest): ImageRecord | undefined {
    return this.#records.get(digest);
  }

  all(): readonly ImageRecord[] {
    return [...this.#records.values()];
  }

  statuses(): readonly ImageStatus[] {
    return this.all().map(({ status }) => status);
  }

  /** A record that is new, or was read at start. It is told with the next hello, or now. */
  put(record: ImageRecord): ImageRecord {
    const status = { ...record.status, seq: ++this.#seq };
    const known = { ...record, status };
    this.#records.set(record.image.digest, known);
    this.#settle(known);
    return known;
  }

  /** What changes nothing about the state: written down, and told to nobody. */
  note(digest: Digest, details: MoveDetails): void {
    const record = this.#records.get(digest);
    if (record === undefined) return;
    const noted = { ...record, ...withoutStatus(details), status: { ...record.status, ...details.status } };
    this.#records.set(digest, clean(noted, details));
    this.#write(clean(noted, details), false);
  }

  /** @returns whether it was made: false when the table does not have it, as for the one of two that came second */
  move(digest: Digest, event: ImageHappening, details: MoveDetails = {}): boolean {
    const record = this.#records.get(digest);
    const after = record && imageAfter(record.status.state, event);
    if (record === undefined || after === undefined) return false;
    const { progress: _p, why: _w, failure: _f, cancelledBy: _c, ...kept } = record.status;
    const isBarred = after === "absent" && this.#parts.isBarred(record);
    const state = (isBarred ? imageAfter(after, "barred") : undefined) ?? after;
    const status = {
      ...kept,
      ...(state === "disabled" ? { why: "the policy of this worker is off" } : {}),
      ...details.status,
      state,
      seq: ++this.#seq,
      since: this.#parts.ports.clock.now(),
    };
    const moved = clean({ ...record, ...withoutStatus(details), status }, details);
    this.#records.set(digest, moved);
    this.#log.debug({ image: digest, event, state, why: status.failure?.code ?? status.why }, "image moved");
    this.#settle(moved);
    return true;
  }

  /** Why it waits. */
  explain(digest: Digest, why: string): void {
    const record = this.#records.get(digest);
    if (record === undefined || record.status.why === why) return;
    const status = { ...record.status, why, seq: ++this.#seq };
    this.#records.set(digest, { ...record, status });
    this.#owe(digest);
  }

  progress(digest: Digest, progress: ImageProgress): void {
    const record = this.#records.get(digest);
    if (record === undefined) return;
    const status = { ...record.status, progress, seq: ++this.#seq };
    this.#records.set(digest, { ...record, status });
    this.#owe(digest);
  }

  forget(digest: Digest): void {
    this.#records.delete(digest);
    this.#written = this.#written
      .then(() => this.#parts.journal.remove(digest))
      .catch((error: unknown) => this.#cannotWrite(digest, error));
  }

  /** @returns the way to stop listening. Called at once with each move, before it is written. */
  onMove(listener: (record: ImageRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when everything up to now is written and told. */
  async settled(): Promise<void> {
    await this.#written;
  }

  stop(): void {
    for (const { timer } of this.#telling.values()) timer.cancel();
    this.#telling.clear();
  }

  #settle(record: ImageRecord): void {
    this.#telling.get(record.image.digest)?.timer.cancel();
    this.#telling.delete(record.image.digest);
    this.#write(record, true);
    for (const listener of this.#listeners) listener(record);
  }

  /** A disk that is full must not keep anybody from hearing that it is. */
  #write(record: ImageRecord, isTold: boolean): void {
    this.#written = this.#written
      .then(() => this.#parts.journal.write(record))
      .catch((error: unknown) => this.#cannotWrite(record.image.digest, error))
      .then(() => (isTold ? this.#parts.tell([record.status]) : undefined));
  }

  #cannotWrite(digest: Digest, error: unknown): void {
    this.#log.warn({ image: digest, error: messageOf(error) }, "what happened to an image cannot be kept");
  }

  #owe(digest: Digest): void {
    const telling = this.#telling.get(digest);
    if (telling !== undefined) {
      telling.owed = true;
      return;
    }
    const timer = this.#parts.ports.clock.after(progressEveryMs, () => {
      const isOwed = this.#telling.get(digest)?.owed === true;
      this.#telling.delete(digest);
      if (isOwed) this.#owe(digest);
    });
    this.#telling.set(digest, { timer, owed: false });
    const record = this.#records.get(digest);
    if (record === undefined) return;
    const { status } = record;
    // Behind what is being written, so that it comes in order.
    this.#written = this.#written.then(() => this.#parts.tell([status]));
  }
}

function withoutStatus(details: MoveDetails): Omit<MoveDetails, "status" | "pausedUntil"> {
  const { status: _, pausedUntil: _p, ...rest } = details;
  return rest;
}

/** A pause that is named as undefined is over. */
function clean(record: ImageRecord, details: MoveDetails): ImageRecord {
  if (!("pausedUntil" in details)) return record;
  const { pausedUntil: _, ...rest } = record;
  return details.pausedUntil === undefined ? rest : { ...rest, pausedUntil: details.pausedUntil };
}

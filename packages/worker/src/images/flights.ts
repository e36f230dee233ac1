/**
 * The flights that are under way, one for a digest however many ask: it is in the map before anything is awaited. What is
 * queued on the board flies; what failed is queued again when it is time.
 */

import { type Ms, messageOf, pause, type Timer } from "@haversack/base";
import type { Digest } from "@haversack/protocol";
import { fly } from "./flight.ts";
import type { FlightParts } from "./flight-parts.ts";
import type { ImageRecord } from "./image-record.ts";
import { isInFlight } from "./image-table.ts";
import { lookEveryMs, pauseMs } from "./schedule.ts";

interface Running {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export interface FlightsParts extends FlightParts {
  /** A flight that was cancelled has ended: perhaps the engine has the image all the same. */
  readonly onCancelled: (digest: Digest) => void;
  /** Whether there is room again for what failed for want of it. */
  readonly hasRoom: (record: ImageRecord) => Promise<boolean>;
}

const stopMs: Ms = 2000;

export class Flights {
  readonly #parts: FlightsParts;
  readonly #running = new Map<Digest, Running>();
  readonly #timers = new Map<Digest, Timer>();
  #isStopping = false;

  constructor(parts: FlightsParts) {
    this.#parts = parts;
    parts.board.onMove((record) => this.#moved(record));
  }

  /** Effective at once: whatever the flight still does is not wanted. @returns false: there was nothing to cancel */
  cancel(digest: Digest, by: string): boolean {
    const { board, ports } = this.#parts;
    const pausedUntil = ports.clock.now() + pauseMs;
    const isCancelled = board.move(digest, "cancel", { status: { cancelledBy: by }, pausedUntil });
    if (isCancelled) this.#running.get(digest)?.abort.abort("cancelled");
    return isCancelled;
  }

  /** What is under way is queued for the next start. Nothing of it runs when this resolves, or after two seconds. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    const running = [...this.#running];
    for (const [digest, { abort }] of running) {
      abort.abort("the worker stops");
      this.#parts.board.move(digest, "restarted", { status: { why: "the worker was stopped" } });
    }
    const late = new AbortController();
    const all = Promise.all(running.map(([, { done }]) => done)).then(() => late.abort());
    await Promise.race([all, pause(this.#parts.ports.clock, stopMs, late.signal).catch(() => {})]);
  }

  #moved(record: ImageRecord): void {
    const { digest } = record.image;
    this.#timers.get(digest)?.cancel();
    this.#timers.delete(digest);
    if (this.#isStopping) return;
    if (record.status.state === "queued") this.#begin(digest);
    if (record.status.state === "failed") this.#schedule(record);
  }

  #begin(digest: Digest): void {
    // One that was cancelled may still be ending: the next one begins then.
    if (this.#running.has(digest)) return;
    const abort = new AbortController();
    const ended = Promise.withResolvers<void>();
    this.#running.set(digest, { abort, done: ended.promise });
    void fly(digest, this.#parts, abort.signal)
      .catch((error: unknown) => this.#parts.ports.log.error({ error: messageOf(error) }, "a flight broke"))
      .finally(() => {
        this.#running.delete(digest);
        ended.resolve();
        this.#ended(digest);
      });
  }

  #ended(digest: Digest): void {
    const state = this.#parts.board.get(digest)?.status.state;
    if (this.#isStopping || state === undefined) return;
    if (state === "queued") this.#begin(digest);
    if (state === "cancelled") this.#parts.onCancelled(digest);
  }

  #schedule({ image: { digest }, status }: ImageRecord): void {
    const { clock } = this.#parts.ports;
    const { failure } = status;
    if (failure?.retryAt !== undefined)
      this.#after(digest, Math.max(0, failure.retryAt - clock.now()), () => this.#due(digest));
    else if (failure?.code === "no_space") this.#after(digest, lookEveryMs, () => void this.#look(digest));
  }

  #after(digest: Digest, ms: Ms, call: () => void): void {
    this.#timers.set(digest, this.#parts.ports.clock.after(ms, call));
  }

  #due(digest: Digest): void {
    const record = this.#parts.board.get(digest);
    if (record === undefined || isInFlight(record.status.state)) return;
    this.#parts.board.move(digest, "due", { status: { attempt: record.status.attempt + 1 } });
  }

  async #look(digest: Digest): Promise<void> {
    const record = this.#parts.board.get(digest);
    if (record?.status.state !== "failed" || record.status.failure?.code !== "no_space") return;
    const hasRoom = await this.#parts.hasRoom(record);
    if (this.#isStopping || this.#parts.board.get(digest) !== record) return;
    if (hasRoom) this.#due(digest);
    else this.#schedule(record);
  }
}

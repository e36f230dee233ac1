/**
 * How many workers download at once: a fleet that does so all together is nobody's friend. Given in the order in which
 * they were asked for. A worker that is not answered begins by itself after a while, and then holds a permit that nobody
 * gave it.
 */

import type { Clock, Ms, Timer } from "@haversack/base";
import type { Digest, ImageState, WorkerId } from "@haversack/protocol";
import type { ImageLink } from "./fleet-images.ts";

interface Holder {
  readonly key: string;
  /** The newest session of the worker. */
  link: ImageLink;
  readonly digest: Digest;
  /** Of one that was given and is not used yet. */
  timer?: Timer;
  /** The download has begun. */
  used: boolean;
}

/** A worker begins within this time, or somebody else may. */
const unusedMaxMs: Ms = 60_000;
/** A worker downloads one image at a time, and may think of the next ones. */
const placesMax = 8;

const keyOf = (workerId: WorkerId, digest: Digest): string => `${workerId} ${digest}`;

export class Permits {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #held = new Map<string, Holder>();
  readonly #waiting = new Map<string, Holder>();

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  get held(): number {
    return this.#held.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Asking again tells it again: the answer was lost, or the session was another one. */
  ask(link: ImageLink, digest: Digest): void {
    const key = keyOf(link.hello.workerId, digest);
    const held = this.#held.get(key);
    if (held !== undefined) this.#free(held);
    const places = [...this.#waiting.values()].filter((each) => each.link === link).length;
    if (!this.#waiting.has(key) && places >= placesMax) return;
    // A place in the line is kept, whatever session it was taken in.
    this.#waiting.set(key, { key, link, digest, used: false });
    this.#give();
  }

  /** What a worker says of an image of its own. */
  heard(link: ImageLink, digest: Digest, state: ImageState): void {
    const key = keyOf(link.hello.workerId, digest);
    const holder = this.#held.get(key);
    if (holder !== undefined) holder.link = link;
    if (state === "resolving" || state === "downloading") {
      const user = holder ?? this.#waiting.get(key) ?? { key, link, digest, used: false };
      this.#waiting.delete(key);
      user.timer?.cancel();
      user.used = true;
      this.#held.set(key, user);
      return;
    }
    // Queued before the permit is used is waiting; after that the flight was ended by a stop.
    if (state === "queued" && holder?.used !== true) return;
    this.#waiting.delete(key);
    if (holder !== undefined) this.#free(holder);
    this.#give();
  }

  /** The session is over: what it held is free, its places in the line are gone. */
  leave(link: ImageLink): void {
    for (const [key, waiting] of this.#waiting) if (waiting.link === link) this.#waiting.delete(key);
    for (const holder of this.#held.values()) if (holder.link === link) this.#free(holder);
    this.#give();
  }

  #free(holder: Holder): void {
    holder.timer?.cancel();
    this.#held.delete(holder.key);
  }

  #give(): void {
    for (const [key, next] of this.#waiting) {
      if (this.#held.size >= this.#limit) return;
      this.#waiting.delete(key);
      this.#held.set(key, next);
      next.timer = this.#clock.after(unusedMaxMs, () => {
        this.#free(next);
        this.#give();
      });
      next.link.send({ kind: "imagePermit", digest: next.digest });
    }
  }

  /** Ends its timers. */
  stop(): void {
    for (const { timer } of this.#held.values()) timer?.cancel();
    this.#waiting.clear();
  }
}

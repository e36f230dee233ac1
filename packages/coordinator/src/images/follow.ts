/**
 * Images as a stream: what is, then what changes, pushed when it happens. For each image a reader has one place, in which
 * the newest lies: who reads slowly passes over figures, never over an outcome, and holds up nobody.
 */

import { type Clock, type Ms, Wakeup } from "@haversack/base";
import { type ImageEvent, isAtEnd, isNewer, type WorkerImage } from "@haversack/protocol";
import type { FleetImages, ImageChange } from "./fleet-images.ts";

export interface FollowParts {
  readonly images: Pick<FleetImages, "listen">;
  readonly clock: Clock;
}

export interface FollowAsked {
  /** What is asked for. */
  readonly matches: (image: WorkerImage) => boolean;
  /** What is, at the beginning; and again every so often where others know more than we do. */
  readonly look: () => Promise<readonly WorkerImage[]>;
  readonly lookAgainMs?: Ms;
  /** Ends when all of them have come to an end. */
  readonly untilEnd: boolean;
}

/** Figures come this often at most. */
const progressEveryMs: Ms = 250;

interface Place {
  told: WorkerImage | undefined;
  next: WorkerImage | undefined;
  /** A transition is among what was not read yet. */
  isTransition: boolean;
  /** Its end was told. */
  ended: boolean;
  progressAt: Ms;
}

/** Ends with the signal. */
export async function* followImages(
  parts: FollowParts,
  asked: FollowAsked,
  signal: AbortSignal,
): AsyncIterable<ImageEvent> {
  const reader = new Reader(parts.clock);
  const stop = parts.images.listen((change) => {
    if (asked.matches(change.image)) reader.put(change);
  });
  try {
    for (;;) {
      for (const image of await asked.look()) reader.put({ kind: "transition", image });
      yield* reader.read(asked, signal);
      if (signal.aborted || reader.isOver(asked.untilEnd)) return;
    }
  } finally {
    stop();
  }
}

class Reader {
  readonly #places = new Map<string, Place>();
  readonly #wakeup = new Wakeup();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put({ kind, image }: ImageChange): void {
    const key = `${image.workerId} ${image.status.digest}`;
    const place = this.#places.get(key) ?? newPlace();
    this.#places.set(key, place);
    const before = place.next ?? place.told;
    if (before !== undefined && !isNewer(image, before)) return;
    if (kind === "transition" && before !== undefined && isSame(image, before)) return;
    place.next = image;
    place.isTransition ||= kind === "transition";
    this.#wakeup.ring();
  }

  isOver(untilEnd: boolean): boolean {
    return untilEnd && [...this.#places.values()].every(({ ended, next }) => ended && next === undefined);
  }

  /** Until it is over, the signal, or the time to look again. */
  async *read({ untilEnd, lookAgainMs }: FollowAsked, signal: AbortSignal): AsyncIterable<ImageEvent> {
    const until = lookAgainMs === undefined ? undefined : this.#clock.monotonic() + lookAgainMs;
    for (;;) {
      let waitMs = until === undefined ? undefined : Math.max(0, until - this.#clock.monotonic());
      for (const place of this.#places.values()) {
        const restMs = this.#restMs(place);
        if (restMs === undefined) continue;
        if (restMs > 0) waitMs = Math.min(waitMs ?? restMs, restMs);
        else yield* this.#take(place);
      }
      if (this.isOver(untilEnd) || (until !== undefined && this.#clock.monotonic() >= until)) return;
      if ([...this.#places.values()].some((place) => this.#restMs(place) === 0)) continue;
      if (!(await this.#wait(waitMs, signal))) return;
    }
  }

  /** Undefined: there is nothing to tell; else how long it has to wait. */
  #restMs({ next, isTransition, progressAt }: Place): Ms | undefined {
    if (next === undefined) return undefined;
    return isTransition ? 0 : Math.max(0, progressAt + progressEveryMs - this.#clock.monotonic());
  }

  *#take(place: Place): Iterable<ImageEvent> {
    const { next: image } = place;
    if (image === undefined) return;
    // Figures that came before the first look are no beginning.
    const isTransition = place.isTransition || place.told === undefined;
    place.next = undefined;
    place.isTransition = false;
    place.told = image;
    place.progressAt = this.#clock.monotonic();
    place.ended = isAtEnd(image.status);
    yield { kind: isTransition ? "snapshot" : "progress", image };
    // What has come meanwhile may have begun anew.
    if (place.ended) yield { kind: "end", image };
  }

  /** @returns false when the signal has fired */
  async #wait(ms: Ms | undefined, signal: AbortSignal): Promise<boolean> {
    try {
      if (ms === undefined) await this.#wakeup.next(signal);
      else await this.#wakeup.nextWithin(this.#clock, Math.max(1, ms), signal);
      return true;
    } catch {
      return false;
    }
  }
}

const newPlace = (): Place => ({
  told: undefined,
  next: undefined,
  isTransition: false,
  ended: false,
  progressAt: Number.NEGATIVE_INFINITY,
});

/** A second look at what was told. */
const isSame = (image: WorkerImage, before: WorkerImage): boolean =>
  image.bootId === before.bootId && image.status.seq === before.status.seq && image.lost === before.lost;

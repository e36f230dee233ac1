/** One download at a time for a worker, in the order in which they were asked for; and the coordinator's leave, for a fleet. */

import { abortable, type Clock, type Ms, type Random, type Timer } from "@haversack/base";
import type { Digest } from "@haversack/protocol";

export class Turn {
  #last: Promise<void> = Promise.resolve();

  /** Resolves with the way to give it back. */
  async take(signal: AbortSignal): Promise<() => void> {
    const own = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = before.then(() => own.promise);
    try {
      await abortable(before, signal);
      return own.resolve;
    } catch (error) {
      own.resolve();
      throw error;
    }
  }
}

export interface PermitParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Is lost while no session is up. */
  readonly ask: (digest: Digest) => void;
  /** A session came up. @returns the way to stop listening */
  readonly onUp: (listener: () => void) => () => void;
}

const permitWaitMs: Ms = 60_000;
const permitJitterMs: Ms = 30_000;
/** A question may be lost; one that was heard keeps its place in the line. */
const askEveryMs: Ms = 10_000;

/** A coordinator that does not answer, or is not there, stops no download for long. */
export class Permits {
  readonly #parts: PermitParts;
  readonly #waiting = new Map<Digest, () => void>();

  constructor(parts: PermitParts) {
    this.#parts = parts;
  }

  async wait(digest: Digest, signal: AbortSignal): Promise<void> {
    const { clock, random, ask, onUp } = this.#parts;
    const permitted = Promise.withResolvers<void>();
    const timer = clock.after(permitWaitMs + random.fraction() * permitJitterMs, permitted.resolve);
    this.#waiting.set(digest, permitted.resolve);
    const stopListening = onUp(() => ask(digest));
    let again: Timer | undefined;
    const asking = (): void => {
      ask(digest);
      again = clock.after(askEveryMs, asking);
    };
    try {
      asking();
      await abortable(permitted.promise, signal);
    } finally {
      stopListening();
      timer.cancel();
      again?.cancel();
      this.#waiting.delete(digest);
    }
  }

  permitted(digest: Digest): void {
    this.#waiting.get(digest)?.();
  }
}

/** Streams that outlive a connection: when one breaks, it is opened again after the last item that arrived. */

import {
  type Clock,
  faultOf,
  fullJitter,
  type Ms,
  messageOf,
  pause,
  type Random,
  worthRetrying,
} from "@haversack/base";

export interface Link {
  readonly clock: Clock;
  readonly random: Random;
  /** Told when a connection broke, once each time. */
  readonly onBroken: (why: string) => void;
  /** How long a peer may be away before its absence is an error; default: a minute. */
  readonly patienceMs?: Ms;
}

const patienceMs: Ms = 60_000;
const backoffFloorMs: Ms = 200;
const backoffCapMs: Ms = 3_000;

/**
 * @param open the stream of what comes after a position
 * @param positionOf the position to go on after, once the item was seen
 * @param isWhole whether a stream that ended by itself really was at its end
 */
export async function* resumed<T>(
  open: (after: number) => AsyncIterable<T>,
  positionOf: (item: T) => number,
  isWhole: () => boolean,
  link: Link,
  signal: AbortSignal,
): AsyncIterable<T> {
  const tries = new Tries(link);
  let after = 0;
  for (;;) {
    try {
      for await (const item of open(after)) {
        after = positionOf(item);
        tries.succeeded();
        yield item;
      }
      if (isWhole()) return;
      await tries.failed("the stream ended early", undefined, signal);
    } catch (error) {
      if (!mayGoAway(error, signal)) throw error;
      await tries.failed(messageOf(error), error, signal);
    }
  }
}

/** Calls until it works, as long as what is in the way may go away; the caller's request must bear repeating. */
export async function retried<T>(call: () => Promise<T>, link: Link, signal: AbortSignal): Promise<T> {
  const tries = new Tries(link);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!mayGoAway(error, signal)) throw error;
      await tries.failed(messageOf(error), error, signal);
    }
  }
}

/** A peer that dies in the middle of a call looks as if somebody had cancelled it; when we did, the signal says so. */
function mayGoAway(error: unknown, signal: AbortSignal): boolean {
  const fault = faultOf(error);
  return fault === "cancelled" ? !signal.aborted : worthRetrying[fault];
}

/** Counts tries in a row that failed, waits between them, and gives up in the end. */
class Tries {
  readonly #link: Link;
  #count = 0;
  #goodAt: Ms;

  constructor(link: Link) {
    this.#link = link;
    this.#goodAt = link.clock.monotonic();
  }

  succeeded(): void {
    this.#count = 0;
    this.#goodAt = this.#link.clock.monotonic();
  }

  /** Resolves when it is time for the next try; rejects with the error when there is none. */
  async failed(why: string, error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, random, onBroken } = this.#link;
    if (this.#count === 0) {
      this.#goodAt = clock.monotonic();
      onBroken(why);
    }
    this.#count++;
    if (clock.monotonic() - this.#goodAt > (this.#link.patienceMs ?? patienceMs))
      throw error ?? new Error(why);
    await pause(
      clock,
      backoffFloorMs + fullJitter(random, this.#count, backoffFloorMs, backoffCapMs),
      signal,
    );
  }
}

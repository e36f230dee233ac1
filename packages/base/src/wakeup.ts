import { abortable } from "./cancel.ts";
import type { Clock, Ms } from "./ports.ts";

/** "Something changed, look again": any number of calls between two looks are one. */
export class Wakeup {
  #pending = false;
  #waiter: PromiseWithResolvers<void> | undefined;

  ring(): void {
    this.#pending = true;
    this.#waiter?.resolve();
  }

  /** Resolves once {@link ring} was called since the last time this resolved. One caller at a time. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#pending) {
      this.#waiter = Promise.withResolvers<void>();
      try {
        await abortable(this.#waiter.promise, signal);
      } finally {
        this.#waiter = undefined;
      }
    }
    this.#pending = false;
  }

  /** The same, but after `ms` at the latest: a missed call is made good by a look. */
  async nextWithin(clock: Clock, ms: Ms, signal: AbortSignal): Promise<void> {
    const timer = clock.after(ms, () => this.ring());
    try {
      await this.next(signal);
    } finally {
      timer.cancel();
    }
  }
}

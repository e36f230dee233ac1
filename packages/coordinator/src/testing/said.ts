/** A worker's end of a session, for tests. */

import type { Upward } from "@haversack/protocol";

/** What the worker says, one message after another, as the test gives them. */
export class Said implements AsyncIterable<Upward> {
  readonly #queue: Upward[] = [];
  #waiting: PromiseWithResolvers<void> | undefined;
  #over = false;

  say(message: Upward): void {
    this.#queue.push(message);
    this.#waiting?.resolve();
  }

  hangUp(): void {
    this.#over = true;
    this.#waiting?.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Upward> {
    for (;;) {
      const message = this.#queue.shift();
      if (message !== undefined) yield message;
      else if (this.#over) return;
      else {
        this.#waiting = Promise.withResolvers<void>();
        await this.#waiting.promise;
      }
    }
  }
}

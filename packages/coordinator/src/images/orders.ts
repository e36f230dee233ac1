/** Orders to workers, and their answers: each has an id of its own and a deadline. */

import { type Clock, FaultError, type Ms } from "@haversack/base";
import type { ImageAnswer, ImageOrder } from "@haversack/protocol";
import type { ImageLink } from "./fleet-images.ts";

/** A worker answers when it has taken the order up, not when it is done. */
const answerWithinMs: Ms = 10_000;

interface Pending {
  readonly link: ImageLink;
  readonly answered: PromiseWithResolvers<ImageAnswer>;
}

export class ImageOrders {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Rejects with FaultError `unavailable` when the worker goes away or does not answer in time. */
  async give(link: ImageLink, ref: string, order: ImageOrder["order"]): Promise<ImageAnswer> {
    const id = ++this.#last;
    const answered = Promise.withResolvers<ImageAnswer>();
    this.#pending.set(id, { link, answered });
    const { name } = link.hello;
    const late = (): void => answered.reject(away(`worker ${name} did not answer within 10 s`));
    const gone = (): void => answered.reject(away(`worker ${name} went away before it answered`));
    const timer = this.#clock.after(answerWithinMs, late);
    link.ended.addEventListener("abort", gone, { once: true });
    try {
      if (link.ended.aborted) gone();
      else link.send({ kind: "imageOrder", order: { id, ref, order } });
      return await answered.promise;
    } finally {
      this.#pending.delete(id);
      timer.cancel();
      link.ended.removeEventListener("abort", gone);
    }
  }

  /** One that nobody waits for any more changes nothing; nor does one of a worker that was not asked. */
  take(link: ImageLink, answer: ImageAnswer): void {
    const pending = this.#pending.get(answer.id);
    if (pending?.link === link) pending.answered.resolve(answer);
  }
}

const away = (message: string): FaultError =>
  new FaultError("unavailable", "worker_away", `${message}; ask again in a few seconds`);

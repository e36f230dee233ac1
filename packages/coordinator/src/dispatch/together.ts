/**
 * What many do within a moment, done in one turn of the event loop, so that the store writes it in one transaction. A thousand
 * workers send 200 heartbeats a second: each with a commit of its own, they would cost more than all their steps.
 */

import type { Clock, Ms } from "@haversack/base";

/** Fewer workers than that do not wait for each other. */
const manyWorkers = 32;
const waitMaxMs: Ms = 250;
/** Of the time between two heartbeats: late by no more than that, a lease is as good as before. */
const waitShare = 0.05;

/** @returns how long a heartbeat waits for others; 0: not at all */
export const togetherForMs = (workers: number, heartbeatMs: Ms): Ms =>
  workers < manyWorkers ? 0 : Math.min(waitMaxMs, Math.floor(heartbeatMs * waitShare));

export class Together {
  #next: Promise<void> | undefined;

  /** Resolves for all who asked since the last turn, in the order in which they asked. @param ms counted from the first of them */
  async turn(clock: Clock, ms: Ms): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      clock.after(ms, () => {
        this.#next = undefined;
        resolve();
      });
    });
    await this.#next;
  }
}

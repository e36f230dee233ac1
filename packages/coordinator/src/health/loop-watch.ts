/** Whether the event loop turns. It asks nothing of the database: a slow disk is no reason to be restarted. */

import type { Clock, Ms, Service, Timer } from "@haversack/base";

const turnMs: Ms = 1000;
const lateMs: Ms = 5000;

export class LoopWatch implements Service {
  readonly name = "loop-watch";
  readonly #clock: Clock;
  #turnedAt: Ms;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turnedAt = clock.monotonic();
  }

  async start(): Promise<void> {
    this.#turn();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
  }

  /** How long ago the loop turned last. */
  get silentForMs(): Ms {
    return this.#clock.monotonic() - this.#turnedAt;
  }

  get isAlive(): boolean {
    return this.silentForMs < lateMs;
  }

  #turn(): void {
    this.#turnedAt = this.#clock.monotonic();
    this.#timer = this.#clock.after(turnMs, () => this.#turn());
  }
}

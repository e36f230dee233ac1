/** A loop that runs until it is told to stop. It never dies in silence: an error ends it and is reported once. */

import type { Service, StopMode } from "./service.ts";

export class Background implements Service {
  readonly name: string;
  readonly #run: (signal: AbortSignal) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  /** @param run rejects only for what nobody may ignore; an abort of its signal is a normal end. */
  constructor(
    name: string,
    run: (signal: AbortSignal) => Promise<void>,
    onFailure: (error: unknown) => void,
  ) {
    this.name = name;
    this.#run = run;
    this.#onFailure = onFailure;
  }

  async start(): Promise<void> {
    this.#running ??= this.#guarded();
  }

  async stop(_mode: StopMode): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #guarded(): Promise<void> {
    try {
      await this.#run(this.#stopping.signal);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#onFailure(error);
    }
  }
}

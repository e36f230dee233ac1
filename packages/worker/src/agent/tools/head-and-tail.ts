/** Keeps the beginning and the end of what a process prints, in bounded memory, and counts what was left out. */

import type { Readable } from "node:stream";
import type { Clock } from "@haversack/base";
import type { AttemptLog } from "../../execute/executor.ts";
import { LogPump } from "../../execute/log-pump.ts";
import type { Masker } from "../../mask/masker.ts";

export class HeadAndTail {
  readonly #half: number;
  readonly #pump: LogPump;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #bytes = 0;

  /** @param bytesMax of head and tail together. @param masker before anything is left out: half a secret looks like none */
  constructor(source: Readable, bytesMax: number, masker: Masker) {
    this.#half = Math.floor(bytesMax / 2);
    const log: AttemptLog = { write: async (_stream, data) => this.#keep(data), note: () => {} };
    this.#pump = new LogPump(source, "stdout", log, masker.stream());
  }

  async finish(clock: Clock): Promise<void> {
    await this.#pump.finish(clock);
  }

  text(): string {
    const left = this.#bytes - this.#head.length - this.#tail.length;
    const gap = left > 0 ? `\n[${left} bytes left out]\n` : "";
    return Buffer.concat([this.#head, Buffer.from(gap), this.#tail]).toString("utf8");
  }

  #keep(data: Uint8Array): void {
    this.#bytes += data.length;
    const forHead = data.subarray(0, this.#half - this.#head.length);
    if (forHead.length > 0) this.#head = Buffer.concat([this.#head, forHead]);
    const rest = data.subarray(forHead.length);
    if (rest.length > 0) this.#tail = Buffer.concat([this.#tail, rest]).subarray(-this.#half);
  }
}

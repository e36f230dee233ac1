/** The coordinator as a spool sees it: keeps what is new of each chunk, says how far each stream is, takes the result. */

import type { AttemptResult, LogAck, LogStream, Upward } from "@haversack/protocol";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { type LogBoundSettings, logBoundDefaults } from "../config/log-bounds.ts";
import { Uplink } from "../session/uplink.ts";
import type { AttemptSpool } from "../spool/attempt-spool.ts";
import { LogBounds } from "../spool/log-bounds.ts";

export class LogKeeper {
  readonly uplink = new Uplink((error) => {
    throw error;
  });
  readonly results: AttemptResult[] = [];
  /** Acknowledgements that have not been delivered. */
  acks: LogAck[] = [];
  readonly #streams = new Map<LogStream, Buffer>();
  #isLosing = false;

  up(): void {
    this.uplink.up((message) => this.#take(message));
  }

  /** Session ends; what is under way is lost, acknowledgements too. */
  down(): void {
    this.uplink.down();
    this.acks = [];
  }

  /** Messages are dropped on the way until told otherwise. */
  lose(isLosing: boolean): void {
    this.#isLosing = isLosing;
  }

  bytes(stream: LogStream): Buffer {
    return this.#streams.get(stream) ?? Buffer.alloc(0);
  }

  /** All acknowledgements that wait arrive in one message. */
  deliver(spool: AttemptSpool): void {
    const acks = this.acks;
    this.acks = [];
    for (const ack of acks) spool.acknowledgeLog(ack);
  }

  #take(message: Upward): void {
    if (this.#isLosing) return;
    if (message.kind === "results") this.results.push(...message.results);
    if (message.kind !== "logs") return;
    for (const { ref, stream, offset, data } of message.chunks) {
      const have = this.bytes(stream);
      if (offset <= have.length) {
        const fresh = Buffer.from(data).subarray(have.length - offset);
        this.#streams.set(stream, Buffer.concat([have, fresh]));
      }
      this.acks.push({ ref, stream, nextOffset: this.bytes(stream).length });
    }
  }
}

/** The bounds of a worker, some of them other than usual. */
export const boundsOf = (settings: Partial<LogBoundSettings> = {}, clock = new FakeClock()): LogBounds =>
  new LogBounds({ ...logBoundDefaults, ...settings }, clock);

/** A connection whose streams the test speaks on. */

import { FaultError } from "@haversack/base";
import { type Downward, parseGeneration, type Upward } from "@haversack/protocol";
import type { Connection, Stream } from "../session/dial.ts";

export class FakeStream implements Stream {
  readonly sent: Upward[] = [];
  readonly messages: AsyncIterable<Downward>;
  isClosed = false;
  readonly #queue: Downward[] = [];
  #wake = Promise.withResolvers<void>();
  #error: FaultError | undefined;
  #isOver = false;

  constructor() {
    this.messages = this.#read();
  }

  send(message: Upward): boolean {
    this.sent.push(message);
    return true;
  }

  close(): void {
    this.isClosed = true;
    this.fail("cancelled");
  }

  say(message: Downward): void {
    this.#queue.push(message);
    this.#wake.resolve();
  }

  welcome(leaseTtlMs = 30_000): void {
    const generation = parseGeneration("1-a");
    const welcome = {
      generation,
      coordinatorVersion: "test",
      leaseTtlMs,
      heartbeatIntervalMs: leaseTtlMs / 6,
    };
    this.say({ kind: "welcome", welcome });
  }

  end(): void {
    this.#isOver = true;
    this.#wake.resolve();
  }

  fail(fault: "denied" | "unavailable" | "cancelled"): void {
    this.#error ??= new FaultError(fault, fault, `the stream is ${fault}`);
    this.#wake.resolve();
  }

  async *#read(): AsyncIterable<Downward> {
    for (;;) {
      const message = this.#queue.shift();
      if (message !== undefined) yield message;
      else if (this.#error !== undefined) throw this.#error;
      else if (this.#isOver) return;
      else {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers<void>();
      }
    }
  }
}

export class FakeDial {
  readonly streams: FakeStream[] = [];
  /** How often the next address was asked for. */
  turns = 0;
  addresses = 1;

  tryNext(): void {
    this.turns += 1;
  }

  session(): FakeStream {
    const stream = new FakeStream();
    this.streams.push(stream);
    return stream;
  }

  get connection(): Connection {
    return this as unknown as Connection;
  }
}

/**
 * Where the parts of a worker leave what is to be told. While no session is up, messages are dropped: whatever must
 * arrive is kept by its owner (a log in its spool, a result in its spool) and told again when a session comes up.
 */

import {
  type AttemptRef,
  type AttemptResult,
  batchBytesMax,
  batchItemsMax,
  type LogChunk,
  type Upward,
} from "@haversack/protocol";

export class Uplink {
  readonly #onBroken: (error: unknown) => void;
  #send: ((message: Upward) => void) | undefined;
  #started: AttemptRef[] = [];
  #chunks: LogChunk[] = [];
  #results: AttemptResult[] = [];
  #scheduled = false;
  readonly #listeners = new Set<() => void>();

  /** @param onBroken what has to be told cannot be read any more: the worker cannot go on */
  constructor(onBroken: (error: unknown) => void) {
    this.#onBroken = onBroken;
  }

  broken(error: unknown): void {
    this.#onBroken(error);
  }

  get isUp(): boolean {
    return this.#send !== undefined;
  }

  /** A session was welcomed: owners tell again what may have been lost. */
  up(send: (message: Upward) => void): void {
    this.#send = send;
    for (const listener of this.#listeners) listener();
  }

  down(): void {
    this.#send = undefined;
    this.#started = [];
    this.#chunks = [];
    this.#results = [];
  }

  /** @returns the way to stop listening */
  onUp(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Control: leaves at once. */
  send(message: Upward): void {
    this.#send?.(message);
  }

  started(ref: AttemptRef): void {
    this.#started.push(ref);
    this.#schedule();
  }

  chunk(chunk: LogChunk): void {
    this.#chunks.push(chunk);
    this.#schedule();
  }

  result(result: AttemptResult): void {
    this.#results.push(result);
    this.#schedule();
  }

  /** What is left in one turn of the event loop travels together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const [started, chunks, results] = [this.#started, this.#chunks, this.#results];
    this.#started = [];
    this.#chunks = [];
    this.#results = [];
    for (const refs of slices(started, () => itemBytes)) this.send({ kind: "started", refs });
    for (const slice of slices(chunks, ({ data }) => data.length + itemBytes))
      this.send({ kind: "logs", chunks: slice });
    for (const slice of slices(results, bytesOf)) this.send({ kind: "results", results: slice });
  }
}

/** More than the names of an attempt, of a digest and of a path take on the wire. */
const itemBytes = 1024;

/** Outputs are the part of a result that grows. */
function bytesOf({ outputs, artifacts }: AttemptResult): number {
  return Buffer.byteLength(JSON.stringify([...outputs])) + (artifacts.length + 5) * itemBytes;
}

/** Bounded in items and in bytes, so that no message is larger than a message may be. */
function* slices<T>(items: readonly T[], weigh: (item: T) => number): Iterable<T[]> {
  let slice: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const own = weigh(item);
    if (slice.length >= batchItemsMax || (slice.length > 0 && bytes + own > batchBytesMax)) {
      yield slice;
      slice = [];
      bytes = 0;
    }
    slice.push(item);
    bytes += own;
  }
  if (slice.length > 0) yield slice;
}

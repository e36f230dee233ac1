/**
 * Bytes of a source into the part file, from where it ends. There is no limit on the whole: what counts is that bytes come.
 * Ends with the file as long as it should be, or with a fault; what has come is kept, but for a file that is too long.
 */

import { type Clock, type Ms, pause, reasonOf } from "@haversack/base";
import { FlightFault } from "./flight-fault.ts";
import { networkFault } from "./net.ts";
import type { OpenSource } from "./open-source.ts";
import type { PartFile } from "./part-file.ts";

export interface DownloadParts {
  readonly clock: Clock;
  readonly part: PartFile;
  readonly size: number;
  /** Hears how many bytes are here. */
  readonly onBytes: (held: number) => void;
  /** Rejects with `no_space`; asked before the first byte and again and again. */
  readonly hasRoom: (missing: number) => Promise<void>;
  /** 0: as fast as it comes. */
  readonly bytesPerSecondMax: number;
  readonly stallMs: Ms;
}

export const stallMs: Ms = 60_000;
const roomEveryBytes = 64 * 1024 * 1024;

export async function download(source: OpenSource, parts: DownloadParts, signal: AbortSignal): Promise<void> {
  const { part, onBytes } = parts;
  try {
    await part.begin(source.offset, source.from, source.etag);
    onBytes(source.offset);
    await pump(source, parts, signal);
  } finally {
    source.body.destroy();
    await part.close();
  }
}

async function pump(source: OpenSource, parts: DownloadParts, signal: AbortSignal): Promise<void> {
  const { part, size, onBytes, hasRoom, clock } = parts;
  const brake = new Brake(clock, parts.bytesPerSecondMax);
  const watch = new StallWatch(source, parts, signal);
  let nextLook = part.bytes + roomEveryBytes;
  try {
    for await (const chunk of source.body as AsyncIterable<Buffer>) {
      watch.pause();
      if (part.bytes + chunk.length > size) {
        await part.close();
        await part.removePart();
        throw new FlightFault("protocol", `${source.from} sends more than the ${size} bytes of images.json`);
      }
      await part.append(chunk);
      onBytes(part.bytes);
      if (part.bytes >= nextLook) {
        await hasRoom(size - part.bytes);
        nextLook = part.bytes + roomEveryBytes;
      }
      await brake.after(chunk.length, signal);
      watch.resume();
    }
  } catch (error) {
    throw watch.reason ?? readFault(error, source.from);
  } finally {
    watch.stop();
  }
  if (signal.aborted) throw reasonOf(signal);
  if (part.bytes < size) throw truncated(source.from, part.bytes, size);
}

/** What was thrown by the disk is told by its own name. */
function readFault(error: unknown, from: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new FlightFault("no_space", "the disk of the images folder is full", { cause: error });
  if (error instanceof Error && error.message === "aborted")
    return new FlightFault("truncated", `${from} ended the connection early`, { cause: error });
  return networkFault(error, from);
}

const truncated = (from: string, bytes: number, size: number): FlightFault =>
  new FlightFault("truncated", `${from} ended after ${bytes} of ${size} bytes`);

/** Ends the body when no byte comes for too long, and when the flight is to end. Time that we spend ourselves is not counted. */
class StallWatch {
  readonly #source: OpenSource;
  readonly #parts: DownloadParts;
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;
  #timer: { cancel(): void } | undefined;
  reason: Error | undefined;

  constructor(source: OpenSource, parts: DownloadParts, signal: AbortSignal) {
    this.#source = source;
    this.#parts = parts;
    this.#signal = signal;
    this.#onAbort = () => this.#end(reasonOf(signal));
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
    this.resume();
  }

  resume(): void {
    const { clock, stallMs } = this.#parts;
    const text = `${this.#source.from} sent no byte for ${Math.round(stallMs / 1000)} s`;
    this.#timer = clock.after(stallMs, () => this.#end(new FlightFault("stalled", text)));
  }

  pause(): void {
    this.#timer?.cancel();
  }

  stop(): void {
    this.pause();
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  #end(reason: Error): void {
    this.reason ??= reason;
    this.#source.body.destroy(reason);
  }
}

/** No more bytes a second than it may. */
class Brake {
  readonly #clock: Clock;
  readonly #bytesPerSecondMax: number;
  /** When what has come would have come at the highest speed. */
  #freeAt: Ms;

  constructor(clock: Clock, bytesPerSecondMax: number) {
    this.#clock = clock;
    this.#bytesPerSecondMax = bytesPerSecondMax;
    this.#freeAt = clock.monotonic();
  }

  async after(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerSecondMax === 0) return;
    const now = this.#clock.monotonic();
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes * 1000) / this.#bytesPerSecondMax;
    const waitMs = this.#freeAt - now;
    if (waitMs >= shortestWaitMs) await pause(this.#clock, waitMs, signal);
  }
}

const shortestWaitMs = 20;

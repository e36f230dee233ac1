/** Carries what a process prints into the attempt's log, at the speed of the log, and remembers the last words. */

import type { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { abortable, type Clock, type Ms, pause } from "@haversack/base";
import type { LogStream } from "@haversack/protocol";
import type { MaskStream } from "../mask/masker.ts";
import type { AttemptLog } from "./executor.ts";

const tailBytesMax = 4096;
const lineLengthMax = 400;
/**
 * A pipe whose writers are all gone holds little and ends at once. One that stays open in silence for this long, or
 * that yields more than a pipe can hold, is held by a process that nobody could find.
 */
const silentMs: Ms = 1000;
const leftInPipeBytesMax = 2_097_152;

export class LogPump {
  /** Resolves when the stream has ended and all of it is in the log. Never rejects. */
  readonly done: Promise<void>;
  readonly #source: Readable;
  readonly #pumped = { bytes: 0, isWriting: false };
  #tail = Buffer.alloc(0);

  /** @param mask what goes into the log, and what is remembered of it, went through it */
  constructor(source: Readable, stream: LogStream, log: AttemptLog, mask: MaskStream) {
    this.#source = source;
    this.done = this.#run(log, stream, mask);
  }

  /** Call when every writer should be gone: waits for the rest, but not for a writer that nobody could find. */
  async finish(clock: Clock): Promise<void> {
    const silence = new AbortController();
    const watch = this.#watch(clock, silence);
    await abortable(this.done, silence.signal).catch(() => this.#source.destroy());
    silence.abort();
    await watch;
    await this.done;
  }

  /** The last line that is not blank, without control characters, at most 400 characters. */
  lastLine(): string {
    const lines = stripVTControlCharacters(this.#tail.toString("utf8")).split(/[\r\n]+/);
    // oxlint-disable-next-line no-control-regex -- control characters are what it removes
    const cleaned = lines.map((line) => line.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim());
    const last = cleaned.findLast((line) => line !== "") ?? "";
    return last.length > lineLengthMax ? `${last.slice(0, lineLengthMax)}...` : last;
  }

  async #run(log: AttemptLog, stream: LogStream, mask: MaskStream): Promise<void> {
    const write = async (shown: Buffer): Promise<void> => {
      if (shown.length === 0) return;
      this.#tail = Buffer.concat([this.#tail, shown.subarray(-tailBytesMax)]).subarray(-tailBytesMax);
      this.#pumped.isWriting = true;
      await log.write(stream, shown);
      this.#pumped.isWriting = false;
    };
    try {
      for await (const chunk of this.#source as AsyncIterable<Buffer>) {
        this.#pumped.bytes += chunk.length;
        await write(mask.push(chunk));
      }
    } catch {
      // The source was destroyed, or the log takes nothing more; either way nothing may block the process.
      this.#source.destroy();
    }
    await write(mask.flush()).catch(() => {});
  }

  async #watch(clock: Clock, silence: AbortController): Promise<void> {
    const bytesMax = this.#pumped.bytes + leftInPipeBytesMax;
    for (let seen = -1; this.#pumped.isWriting || seen !== this.#pumped.bytes; ) {
      seen = this.#pumped.bytes;
      if (seen > bytesMax) break;
      await pause(clock, silentMs, silence.signal).catch(() => {});
      if (silence.signal.aborted) return;
    }
    silence.abort();
  }
}

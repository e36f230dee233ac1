/**
 * How much log a worker keeps: of one stream, of one attempt by the second, and of all attempts on its disk. What is over
 * a bound is cut, never waited for: the step goes on at its own speed, its log is complete up to the cut, and a line in its
 * place says how many bytes are missing and why (P5).
 */

import type { Clock } from "@haversack/base";
import type { LogBoundSettings } from "../config/log-bounds.ts";

export interface Admission {
  /** Of the bytes asked for, from the first one on. */
  readonly kept: number;
  /** Why the rest is not; absent: all are kept. */
  readonly why?: string;
}

/** The bounds of one attempt. */
export interface AttemptBounds {
  /** @param length of the stream so far; @param wasCut its last bytes were cut */
  admit(length: number, bytes: number, wasCut: boolean): Admission;
  /** Counts bytes that lie on the disk whatever the bounds say. */
  hold(bytes: number): void;
  /** The files are gone. */
  release(): void;
}

/** The bounds of one worker, shared by its attempts. */
export class LogBounds {
  readonly #settings: LogBoundSettings;
  readonly #clock: Clock;
  #spooled = 0;

  constructor(settings: LogBoundSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  forAttempt(): AttemptBounds {
    const { bytesPerSecond, burstBytes, streamBytesMax, spoolBytesMax } = this.#settings;
    let tokens = burstBytes;
    let filledAt = this.#clock.monotonic();
    let held = 0;
    const hold = (bytes: number): void => {
      held += bytes;
      this.#spooled += bytes;
    };
    const allowance = (wasCut: boolean): number => {
      if (bytesPerSecond === 0) return Number.MAX_SAFE_INTEGER;
      const now = this.#clock.monotonic();
      tokens = Math.min(burstBytes, tokens + ((now - filledAt) / 1000) * bytesPerSecond);
      filledAt = now;
      // One longer cut says more than many short ones: it ends when a second's worth may come.
      return wasCut && tokens < Math.min(bytesPerSecond, burstBytes) ? 0 : Math.floor(tokens);
    };
    return {
      admit: (length, bytes, wasCut) => {
        const bounds = [
          { room: streamBytesMax - length, why: `a stream may have ${sizeText(streamBytesMax)}` },
          { room: spoolBytesMax - this.#spooled, why: "the spool of the worker is full" },
          {
            room: allowance(wasCut),
            why: `more than ${sizeText(bytesPerSecond)} a second, after the first ${sizeText(burstBytes)}`,
          },
        ];
        const least = bounds.reduce((a, b) => (b.room < a.room ? b : a));
        const kept = Math.max(0, Math.min(bytes, least.room));
        tokens -= kept;
        hold(kept);
        return kept === bytes ? { kept } : { kept, why: least.why };
      },
      hold,
      release: () => {
        this.#spooled -= held;
        held = 0;
      },
    };
  }
}

/** A line of its own in the place of what is missing. */
export function cutMarker(bytes: number, why: string): Buffer {
  return Buffer.from(`\n[haversack: ${bytes} bytes of this log were cut here: ${why}]\n`);
}

function sizeText(bytes: number): string {
  if (bytes > 0 && bytes % 1_000_000 === 0) return `${bytes / 1_000_000} MB`;
  return bytes >= 1024 ** 2 ? `${Math.round(bytes / 1024 ** 2)} MiB` : `${bytes} bytes`;
}

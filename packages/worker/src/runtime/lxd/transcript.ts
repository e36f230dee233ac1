/**
 * What a container wrote, put together from what LXD tells of it. The console of one that runs gives each byte once. Of one
 * that ended there is a file: for a moment all of the last run, then what nobody had read, and that again and again.
 * Texts have a character for each byte: a read may cut one of several bytes.
 */

import { type Tail, tailOf } from "./tail.ts";

export interface Transcript {
  readonly written: Tail;
  /** A run begins. */
  started(): void;
  /** From one that ran before and after it was read. */
  streamed(text: string): void;
  /** From one that may have ended. */
  left(text: string): void;
}

export function transcript(max: number): Transcript {
  const written = tailOf(max);
  let runFrom = 0;
  let hasEnded = false;
  const add = (text: string): void => written.add(Buffer.from(text, "latin1"));
  /** Of this run; undefined: its beginning is not held any more. */
  const known = (): string | undefined => {
    const bytes = written.bytes();
    const length = written.total - runFrom;
    return length > bytes.length ? undefined : bytes.subarray(bytes.length - length).toString("latin1");
  };
  return {
    written,
    started() {
      runFrom = written.total;
      hasEnded = false;
    },
    streamed(text) {
      hasEnded = false;
      add(text);
    },
    left(text) {
      if (text === "") return;
      const before = known();
      const isKnown = hasEnded && written.bytes().toString("latin1").endsWith(text);
      hasEnded = true;
      if (isKnown) return;
      add(before !== undefined && text.startsWith(before) ? text.slice(before.length) : text);
    },
  };
}

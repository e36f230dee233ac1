/**
 * Replaces secret values in whatever leaves an attempt: logs, model text, tool results, failures. Works on bytes, so that
 * a value is found wherever a chunk is cut; nothing is held back that cannot be the beginning of a value. What is shown
 * does not depend on how the bytes came.
 */

import { formsOf, maskedBytesMin } from "./forms.ts";
import { type Found, PatternSet } from "./pattern-set.ts";

const maskText = "[secret]";
const mask = Buffer.from(maskText);
const nothing = Buffer.alloc(0);

export interface Masker {
  /** From now on these are masked too, also in streams that are under way. Called by whoever hands them out. */
  arm(values: Iterable<string>): void;
  /** All of a text. */
  text(text: string): string;
  /** Whether a text holds a value in any form. */
  finds(text: string): boolean;
  /** For bytes that come in pieces. */
  stream(): MaskStream;
}

export interface MaskStream {
  /** What may be shown now; the rest waits for the next piece. May share memory with the piece. */
  push(piece: Uint8Array): Buffer;
  /** What was held back: nothing comes after it. */
  flush(): Buffer;
}

/** Whether a value is long enough to be told from ordinary text. */
export const isMaskable = (value: string): boolean => Buffer.byteLength(value) >= maskedBytesMin;

export function makeMasker(values: Iterable<string> = []): Masker {
  const known = new Set<string>();
  let patterns = new PatternSet([]);
  const stream = (): MaskStream => new HoldingStream(() => patterns);
  const whole = (text: string): string => {
    if (patterns.isEmpty) return text;
    const data = Buffer.from(text);
    // Untouched where there is nothing to mask: not every text survives the way through bytes.
    if (patterns.find(data, true).matches.length === 0) return text;
    const open = stream();
    return Buffer.concat([open.push(data), open.flush()]).toString("utf8");
  };
  const masker: Masker = {
    arm(more) {
      const before = known.size;
      for (const value of more) if (isMaskable(value)) known.add(value);
      if (known.size > before) patterns = new PatternSet([...known].flatMap(formsOf));
    },
    text: whole,
    finds: (text) => !patterns.isEmpty && patterns.find(Buffer.from(text), true).matches.length > 0,
    stream,
  };
  masker.arm(values);
  return masker;
}

class HoldingStream implements MaskStream {
  readonly #patterns: () => PatternSet;
  #held: Buffer = nothing;
  /** Bytes at the beginning of what is held that are masked already; -1: what was shown last was no mask. */
  #maskedTo = -1;

  constructor(patterns: () => PatternSet) {
    this.#patterns = patterns;
  }

  push(piece: Uint8Array): Buffer {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const patterns = this.#patterns();
    if (patterns.isEmpty) return bytes;
    const data = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const found = patterns.find(data, false);
    const shown = this.#show(data, found);
    // Copied: the piece is its owner's again.
    this.#held = found.holdAt === data.length ? nothing : Buffer.from(data.subarray(found.holdAt));
    return shown;
  }

  flush(): Buffer {
    const shown = this.#show(this.#held, this.#patterns().find(this.#held, true));
    this.#held = nothing;
    return shown;
  }

  /** Matches that overlap or touch are one mask. */
  #show(data: Buffer, { matches, holdAt }: Found): Buffer {
    const shown: Buffer[] = [];
    let maskedTo = this.#maskedTo;
    for (const { start, end } of matches) {
      if (start > maskedTo) shown.push(data.subarray(Math.max(0, maskedTo), start), mask);
      maskedTo = Math.max(maskedTo, end);
    }
    const plainFrom = Math.max(0, maskedTo);
    if (plainFrom < holdAt) shown.push(data.subarray(plainFrom, holdAt));
    this.#maskedTo = maskedTo >= holdAt ? maskedTo - holdAt : -1;
    const [only = nothing] = shown;
    return shown.length <= 1 ? only : Buffer.concat(shown);
  }
}

/**
 * Replaces secret values in text that leaves the process: log lines, model text, tool results. Each value is known in
 * the forms in which programs print it: as it is, in base64, in URL and in JSON encoding.
 */

/** Shorter values are not masked: they would blank out ordinary text. */
const maskedBytesMin = 6;
const mask = "[secret]";

export interface Masker {
  /** All of a text. */
  text(text: string): string;
  /** For text that comes in pieces: a value cut by a border is found all the same. */
  stream(): MaskStream;
}

export interface MaskStream {
  /** What may be shown now; the rest waits for the next piece. */
  push(piece: string): string;
  flush(): string;
}

export function makeMasker(values: Iterable<string>): Masker {
  const forms = [
    ...new Set([...values].filter((value) => Buffer.byteLength(value) >= maskedBytesMin).flatMap(formsOf)),
  ];
  // The longest first, so that a form inside another one does not break it up.
  forms.sort((a, b) => b.length - a.length);
  const longest = forms[0]?.length ?? 0;
  const text = (input: string): string =>
    forms.reduce((masked, form) => masked.replaceAll(form, mask), input);
  return { text, stream: () => new HoldingStream(text, forms, longest) };
}

function formsOf(value: string): string[] {
  const base64 = Buffer.from(value).toString("base64").replace(/=+$/, "");
  const json = JSON.stringify(value).slice(1, -1);
  return [value, base64, base64.replaceAll("+", "-").replaceAll("/", "_"), encodeURIComponent(value), json];
}

class HoldingStream implements MaskStream {
  readonly #mask: (text: string) => string;
  readonly #forms: readonly string[];
  readonly #longest: number;
  #held = "";

  constructor(mask: (text: string) => string, forms: readonly string[], longest: number) {
    this.#mask = mask;
    this.#forms = forms;
    this.#longest = longest;
  }

  push(piece: string): string {
    const all = this.#mask(this.#held + piece);
    const keep = this.#possibleStart(all);
    this.#held = all.slice(all.length - keep);
    return all.slice(0, all.length - keep);
  }

  flush(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  /** Length of the longest end of `text` with which a secret may begin. */
  #possibleStart(text: string): number {
    for (let length = Math.min(this.#longest - 1, text.length); length > 0; length--) {
      const end = text.slice(text.length - length);
      if (this.#forms.some((form) => form.startsWith(end))) return length;
    }
    return 0;
  }
}

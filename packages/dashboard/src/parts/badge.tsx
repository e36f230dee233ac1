/** A state, in a word and a colour; the colour alone says nothing. */

import type { Tone } from "../store/tone.ts";

interface BadgeParts {
  readonly tone: Tone;
  readonly text: string;
}

export function Badge({ tone, text }: BadgeParts) {
  return <span className={`badge ${tone}`}>{text}</span>;
}

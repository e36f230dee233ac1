/** What the model says, with secrets masked and each turn on lines of its own. */

import { StringDecoder } from "node:string_decoder";
import { type Masker, type MaskStream, makeMasker } from "../mask/masker.ts";

interface VoiceOutside {
  /** One line of the log for people. */
  readonly note: (line: string) => void;
  /** The model's text. Resolves when more may be said. */
  readonly say: (text: string) => Promise<void>;
}

export class Voice {
  /** Of all that leaves this process; it learns the values as soon as they are here. */
  readonly masker: Masker = makeMasker();
  readonly note: (line: string) => void;
  readonly #outside: VoiceOutside;
  readonly #mask: MaskStream;
  readonly #decoder = new StringDecoder("utf8");
  #atLineStart = true;

  constructor(outside: VoiceOutside) {
    this.#outside = outside;
    this.#mask = this.masker.stream();
    this.note = (line) => outside.note(this.masker.text(line));
  }

  async say(text: string): Promise<void> {
    await this.#put(this.#decoder.write(this.#mask.push(Buffer.from(text))));
  }

  async endTurn(): Promise<void> {
    await this.#put(this.#decoder.end(this.#mask.flush()));
    if (!this.#atLineStart) await this.#put("\n");
  }

  async #put(text: string): Promise<void> {
    if (text === "") return;
    this.#atLineStart = text.endsWith("\n");
    await this.#outside.say(text);
  }
}

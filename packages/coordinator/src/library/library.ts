/** The agent library of this coordinator, read afresh where it is asked for: a submission sees the files of its moment. */

import { type Library as LibraryContent, readLibrary, readLibraryMemory } from "@haversack/snapshot";

export class Library {
  readonly #folder: string;
  /** Stands in the place of `model` in config.yaml. */
  readonly defaultModel: string | undefined;

  constructor(folder: string, defaultModel: string | undefined) {
    this.#folder = folder;
    this.defaultModel = defaultModel;
  }

  /** Problems of single items are in the answer; only those that a step needs refuse it. */
  async read(): Promise<LibraryContent> {
    return await readLibrary(this.#folder);
  }

  /** What people wrote down, and the strings that they excused. */
  async readMemory(): Promise<Pick<LibraryContent, "memory" | "allowedStrings">> {
    return await readLibraryMemory(this.#folder);
  }
}

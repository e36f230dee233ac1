/** The agent library of this coordinator, read afresh where it is asked for: a submission sees the files of its moment. */

import {
  defaultLimits,
  type Library as LibraryContent,
  readLibrary,
  readLibraryMemory,
  type SnapshotLimits,
} from "@haversack/snapshot";

export class Library {
  readonly #folder: string;
  /** Stands in the place of `model` in config.yaml. */
  readonly defaultModel: string | undefined;
  /** Of what is read here and of the packs that are built from it. */
  readonly limits: SnapshotLimits;

  /** What the vault holds; absent: nobody knows. */
  readonly secretNames: (() => Promise<ReadonlySet<string>>) | undefined;

  constructor(
    folder: string,
    defaultModel: string | undefined,
    limits: SnapshotLimits = defaultLimits,
    secretNames?: () => Promise<ReadonlySet<string>>,
  ) {
    this.secretNames = secretNames;
    this.#folder = folder;
    this.defaultModel = defaultModel;
    this.limits = limits;
  }

  /** Problems of single items are in the answer; only those that a step needs refuse it. */
  async read(): Promise<LibraryContent> {
    return await readLibrary(this.#folder, { limits: this.limits });
  }

  /** What people wrote down, and the strings that they excused. */
  async readMemory(): Promise<Pick<LibraryContent, "memory" | "allowedStrings">> {
    return await readLibraryMemory(this.#folder, { limits: this.limits });
  }
}

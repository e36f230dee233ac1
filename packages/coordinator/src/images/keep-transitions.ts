/**
 * Writes down what workers said of their images: each change of state, and the last word of a worker that went away. Those
 * that come within a moment are written together; figures never are. What the store does not take is tried again, and
 * what is too much is dropped: the next hello of the worker tells it again.
 */

import { type Clock, Gathering, type Log, type Ms, messageOf, type Service } from "@haversack/base";
import type { Digest, WorkerId, WorkerImage } from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import type { ImageNote } from "../store/verbs/image-verbs.ts";
import type { FleetImages } from "./fleet-images.ts";

const gatherMs: Ms = 200;
const againMs: Ms = 2000;
const writeMax = 500;
const waitingMax = 20_000;

export interface KeepParts {
  readonly images: Pick<FleetImages, "listen">;
  readonly store: { readonly write: Pick<Store["write"], "imagesNote"> };
  readonly clock: Clock;
  readonly log: Log;
}

export class TransitionKeeper implements Service {
  readonly name = "image-transitions";
  readonly #parts: KeepParts;
  #waiting: ImageNote[] = [];
  readonly #gathering: Gathering;
  #stopListening: (() => void) | undefined;

  constructor(parts: KeepParts) {
    this.#parts = parts;
    this.#gathering = new Gathering({
      clock: parts.clock,
      gatherMs,
      againMs,
      isEmpty: () => this.#waiting.length === 0,
      write: () => this.#write(),
    });
  }

  async start(): Promise<void> {
    this.#stopListening = this.#parts.images.listen(({ kind, image }) => {
      if (kind === "transition") this.#add({ image, isTransition: !image.lost });
    });
  }

  /** What was told is written, if the store takes it. */
  async stop(): Promise<void> {
    this.#stopListening?.();
    await this.#gathering.stop();
  }

  /** Transitions that are not written yet, newest first. */
  waiting(workerId: WorkerId, digest: Digest): readonly WorkerImage[] {
    return this.#waiting
      .filter(({ isTransition, image }) => isTransition && image.workerId === workerId)
      .map(({ image }) => image)
      .filter(({ status }) => status.digest === digest)
      .toReversed();
  }

  #add(note: ImageNote): void {
    this.#waiting.push(note);
    if (this.#waiting.length > waitingMax) this.#waiting.shift();
    this.#gathering.ring();
  }

  /** @returns whether the store took them. Never rejects. */
  async #write(): Promise<boolean> {
    const notes = this.#waiting.slice(0, writeMax);
    if (notes.length === 0) return true;
    try {
      await this.#parts.store.write.imagesNote({ notes });
    } catch (error) {
      this.#parts.log.error(
        { error: messageOf(error), waiting: this.#waiting.length },
        "states of images were not written down",
      );
      return false;
    }
    const written = new Set(notes);
    this.#waiting = this.#waiting.filter((note) => !written.has(note));
    return true;
  }
}

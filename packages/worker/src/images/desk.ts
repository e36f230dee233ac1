/** Who may ask for an image, and what asking does: the one place where a flight is asked for. */

import type { Clock } from "@haversack/base";
import type { ImageCause, PrefetchPolicy } from "@haversack/protocol";
import type { Board } from "./board.ts";
import { type ImageRecord, newRecord } from "./image-record.ts";
import { isInFlight } from "./image-table.ts";
import type { WantedImage } from "./images.ts";
import { noTries } from "./schedule.ts";

export type Asked = "begun" | "joined" | "ready" | "refused" | "paused";

const askedMax = 16;

export class Desk {
  readonly #board: Board;
  readonly #clock: Clock;

  constructor(board: Board, clock: Clock) {
    this.#board = board;
    this.#clock = clock;
  }

  /** What is known of it; from now on it is in the table. */
  recordOf(image: WantedImage): ImageRecord {
    const known = this.#board.get(image.digest);
    if (known === undefined) return this.#board.put(newRecord(image, {}, this.#clock.now()));
    // Addresses may be new, and what was fetched as a reference may be the base image now.
    if (JSON.stringify(known.image) === JSON.stringify(image)) return known;
    const { ref, stamp } = image;
    const status = { ref, ...(stamp === "" ? {} : { stamp }) };
    this.#board.note(image.digest, { image, status });
    return this.#board.get(image.digest) ?? known;
  }

  /** A deploy joins what runs and what is planned, and shortens no pause; an operator begins at once and anew. */
  ask(image: WantedImage, cause: ImageCause, asked: string): Asked {
    const { status, pausedUntil } = this.recordOf(image);
    if (status.state === "ready") return "ready";
    if (status.state === "unsupported") return "refused";
    if (isInFlight(status.state)) {
      this.#board.note(image.digest, { status: { asked: withOne(status.asked, asked) } });
      return "joined";
    }
    const isPaused = pausedUntil !== undefined && pausedUntil > this.#clock.now();
    if (cause !== "operator" && (isPaused || status.failure?.retryAt !== undefined)) return "paused";
    const method = image.file === undefined ? "pull" : "import";
    const changes = { attempt: 1, cause, method, asked: withOne([], asked) } as const;
    this.#board.move(image.digest, "asked", { status: changes, tries: noTries, pausedUntil: undefined });
    return "begun";
  }
}

const withOne = (asked: readonly string[], one: string): readonly string[] =>
  one === "" || asked.includes(one) ? asked : [...asked, one].slice(-askedMax);

/** What a deploy, or a start, may ask for under a policy. Operators and references are not asked. */
export const mayFetch = (policy: PrefetchPolicy): boolean => policy !== "off";

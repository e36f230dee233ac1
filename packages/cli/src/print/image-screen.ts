/** Images on a screen: one line that is redrawn where that is possible, else a line for each change, each 10 % or 10 s. */

import type { Ms } from "@haversack/base";
import type { WorkerImage } from "@haversack/protocol";
import type { ImageScreen } from "../follow/follow-images.ts";
import type { Outside } from "../outside.ts";
import { imageLine, imagesLine } from "./image-text.ts";
import type { Paint } from "./paint.ts";
import { clip, printable } from "./printable.ts";

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const restart = "\r\u001b[K";

export interface EndingScreen extends ImageScreen {
  /** The last call. */
  end(): void;
}

export function imageScreen(outside: Outside, paint: Paint): EndingScreen {
  return outside.terminal.live ? new RedrawnLine(outside, paint) : new ImageLines(outside);
}

class RedrawnLine implements EndingScreen {
  readonly #outside: Outside;
  readonly #paint: Paint;
  #drawn = "";

  constructor(outside: Outside, paint: Paint) {
    this.#outside = outside;
    this.#paint = paint;
  }

  show(images: readonly WorkerImage[]): void {
    const [first] = images;
    if (first !== undefined) this.#draw(images.length === 1 ? imageLine(first, true) : imagesLine(images));
  }

  reconnecting(why: string): void {
    const { columns } = this.#outside.terminal.size();
    const line = clip(`reconnecting (${printable(why)})  ${this.#drawn}`, columns - 1);
    this.#outside.terminal.out(`${restart}${this.#paint.faint(line)}`);
  }

  end(): void {
    this.#outside.terminal.out(`${this.#drawn === "" ? "" : "\n"}${showCursor}`);
  }

  #draw(text: string): void {
    const { columns } = this.#outside.terminal.size();
    this.#drawn = text;
    this.#outside.terminal.out(`${hideCursor}${restart}${clip(text, columns - 1)}`);
  }
}

const everyPercent = 10;
const everyMs: Ms = 10_000;

interface Told {
  readonly state: string;
  readonly at: Ms;
  readonly tenth: number;
}

class ImageLines implements EndingScreen {
  readonly #outside: Outside;
  readonly #told = new Map<string, Told>();

  constructor(outside: Outside) {
    this.#outside = outside;
  }

  show(images: readonly WorkerImage[]): void {
    for (const image of images) this.#tell(image);
  }

  reconnecting(why: string): void {
    this.#outside.terminal.err(`reconnecting (${printable(why)})\n`);
  }

  end(): void {}

  #tell(image: WorkerImage): void {
    const { state, attempt, progress, digest } = image.status;
    const key = `${image.workerId} ${digest}`;
    const before = this.#told.get(key);
    const now: Told = {
      state: `${state} ${attempt} ${image.lost}`,
      at: this.#outside.clock.monotonic(),
      tenth: Math.floor((progress?.percent ?? 0) / everyPercent),
    };
    const isNews = now.state !== before?.state || now.tenth > before.tenth || now.at - before.at >= everyMs;
    if (!isNews) return;
    this.#told.set(key, now);
    this.#outside.terminal.out(`${imageLine(image, false)}\n`);
  }
}

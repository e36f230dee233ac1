/** The base image that is wanted on this worker, from what its publisher says of all of them. */

import type { Ms, Timer } from "@haversack/base";
import type { BaseImage, Digest } from "@haversack/protocol";
import type { RuntimeInfo } from "../runtime/runtime.ts";
import { newRecord } from "./image-record.ts";
import type { WantedImage } from "./images.ts";
import type { ImagesParts } from "./images-parts.ts";
import { look } from "./look.ts";
import { baseMeant } from "./references.ts";

/** So that a fleet that starts as one does not download as one. */
const eagerJitterMs: Ms = 60_000;

export class WantedBase {
  readonly #parts: ImagesParts;
  #base: BaseImage | undefined;
  #wanted: WantedImage | undefined;
  #before: Digest | undefined;
  #eager: Timer | undefined;

  constructor(parts: ImagesParts) {
    this.#parts = parts;
  }

  imageOf(base: BaseImage): WantedImage | undefined {
    const { info } = this.#parts.engine;
    if (info === undefined) return undefined;
    const meant = baseMeant(base, info, this.#parts.settings.source);
    return meant.kind === "image" ? meant.image : undefined;
  }

  set(base: BaseImage): void {
    this.#base = base;
    this.settle();
  }

  /** Again when the engine has said for the first time, or anew, what it is. */
  settle(): void {
    const { info } = this.#parts.engine;
    if (this.#base === undefined || info === undefined) return;
    const meant = baseMeant(this.#base, info, this.#parts.settings.source);
    this.#dropUnsupported(meant.kind === "image" ? undefined : this.#base.recipe);
    if (meant.kind === "unsupported") {
      this.#unsupported(this.#base, info, meant.why);
      return;
    }
    const { image } = meant;
    const isNew = this.#wanted?.digest !== image.digest;
    if (isNew && this.#wanted !== undefined) this.#demote(this.#wanted.digest);
    this.#wanted = image;
    this.#parts.desk.recordOf(image);
    if (!isNew) return;
    void look(this.#parts, image, this.#parts.stopping);
    if (this.#parts.settings.prefetch.policy === "eager") this.#soon(image);
  }

  /** The base image that is wanted, and the one before. */
  get kept(): ReadonlySet<Digest> {
    return new Set([this.#wanted?.digest, this.#before].filter((digest) => digest !== undefined));
  }

  /** What `base` means here; a digest: it is not supported, under that name. */
  get meant(): WantedImage | Digest | undefined {
    return this.#wanted ?? this.#unsupportedDigest();
  }

  stop(): void {
    this.#eager?.cancel();
  }

  #soon(image: WantedImage): void {
    const { clock, random } = this.#parts.ports;
    this.#eager?.cancel();
    this.#eager = clock.after(random.fraction() * eagerJitterMs, () =>
      this.#parts.desk.ask(image, "eager", "eager"),
    );
  }

  /** It is the base image no more; it still serves the tasks that name it. */
  #demote(digest: Digest): void {
    this.#before = digest;
    this.#parts.board.note(digest, { status: { ref: digest } });
  }

  /** Named by its recipe: there is no file that could name it. */
  #unsupported({ recipe, stamp }: BaseImage, { arch }: RuntimeInfo, why: string): void {
    const { board, ports } = this.#parts;
    const known = board.get(recipe);
    if (known?.status.why === why) return;
    const image = { digest: recipe, ref: "base", stamp, identity: { id: "", arch, stamp } };
    board.put(newRecord(image, { state: "unsupported", why }, ports.clock.now()));
    if (this.#wanted !== undefined) this.#demote(this.#wanted.digest);
    this.#wanted = undefined;
  }

  #dropUnsupported(but: Digest | undefined): void {
    for (const { image, status } of this.#parts.board.all())
      if (status.state === "unsupported" && image.digest !== but) this.#parts.board.forget(image.digest);
  }

  #unsupportedDigest(): Digest | undefined {
    return this.#base !== undefined && this.#parts.board.get(this.#base.recipe)
      ? this.#base.recipe
      : undefined;
  }
}

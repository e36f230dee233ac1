/**
 * The images of a worker.
 *
 *   board          the table: every move, written down before it is told        image-table  what can happen at all
 *   desk           who may ask for a flight                                     flights      one for a digest, never awaited (F1)
 *   fly-file       download, hash, import                                       fly-pull     the engine fetches
 *   leases, sweep  what is in use, and what may go                              engine-watch whether the engine answers
 */

import { pause } from "@haversack/base";
import type {
  BaseImage,
  Digest,
  ImageAnswer,
  ImageCause,
  ImageOrder,
  ImageStatus,
} from "@haversack/protocol";
import { mayFetch } from "./desk.ts";
import { endOfFlight } from "./end-of-flight.ts";
import { isInFlight } from "./image-table.ts";
import type { ImageChoice, ImageLease, Images, WantedImage } from "./images.ts";
import type { ImagesParts } from "./images-parts.ts";
import { isAskable, look } from "./look.ts";
import { answerOrder } from "./orders.ts";
import { fetchReference, resolveTag } from "./reference-images.ts";
import { retire } from "./retire.ts";
import { WantedBase } from "./wanted-base.ts";

export class WorkerImages implements Images {
  readonly #parts: ImagesParts;
  readonly #base: WantedBase;

  constructor(parts: ImagesParts) {
    this.#parts = parts;
    this.#base = new WantedBase(parts);
  }

  baseFor(base: BaseImage): WantedImage | undefined {
    return this.#base.imageOf(base);
  }

  async choose(image: WantedImage, holder: string): Promise<ImageChoice> {
    const { leases, desk, settings, board, stopping } = this.#parts;
    if (!settings.use) return { kind: "build", why: "images.use is false on this worker" };
    const { retired } = desk.recordOf(image);
    const end = retired ? undefined : leases.take(image.digest, holder);
    if (end === undefined) return { kind: "build", why: "the image is being removed" };
    const presence = await look(this.#parts, image, stopping);
    if (presence.kind === "present") {
      board.note(image.digest, { usedAt: this.#parts.ports.clock.now() });
      return { kind: "image", lease: { digest: image.digest, imageId: presence.id, end } };
    }
    end();
    return { kind: "build", why: whyNot(presence, board.get(image.digest)?.status) };
  }

  ensure(image: WantedImage, cause: ImageCause, asked: string): void {
    try {
      if (cause === "operator" || mayFetch(this.#parts.settings.prefetch.policy))
        this.#parts.desk.ask(image, cause, asked);
    } catch (error) {
      this.#parts.ports.log.error(
        { image: image.digest, error: String(error) },
        "an image cannot be asked for",
      );
    }
  }

  async ready(image: WantedImage, withinMs: number, signal: AbortSignal): Promise<boolean> {
    const ended = new AbortController();
    try {
      const limit = pause(this.#parts.ports.clock, withinMs, AbortSignal.any([signal, ended.signal]));
      const waiting = AbortSignal.any([ended.signal, this.#parts.stopping]);
      const end = endOfFlight(this.#parts.board, image.digest, "planned", waiting);
      end.catch(() => {});
      const status = await Promise.race([end, limit.then(() => undefined)]);
      return status?.state === "ready";
    } catch {
      return false;
    } finally {
      ended.abort();
    }
  }

  async fetchReference(ref: string, asked: string, signal: AbortSignal): Promise<ImageLease> {
    return await fetchReference(this.#parts, ref, asked, signal);
  }

  async resolveReference(ref: string, signal: AbortSignal): Promise<string> {
    return await resolveTag(this.#parts, ref, signal);
  }

  turnedOut(image: WantedImage, how: "absent" | "corrupt", why: string): void {
    const { board, desk, ports } = this.#parts;
    desk.recordOf(image);
    if (how === "absent") {
      board.move(image.digest, "vanished");
      return;
    }
    retire(board, image.digest, why, ports.clock.now());
  }

  wanted(base: BaseImage): void {
    this.#base.set(base);
  }

  /** The base image that is wanted, and the one before. */
  get kept(): ReadonlySet<Digest> {
    return this.#base.kept;
  }

  async order(order: ImageOrder): Promise<ImageAnswer> {
    return await answerOrder(order, this.#parts, this.#base.meant);
  }

  permitted(digest: Digest): void {
    this.#parts.permits.permitted(digest);
  }

  statuses(): readonly ImageStatus[] {
    return this.#parts.board.statuses();
  }

  leasesOf(containers: readonly { readonly holder: string; readonly imageId: string }[]): void {
    const byKey = new Map<string, Set<string>>();
    for (const { holder, imageId } of containers) {
      const record = this.#parts.board
        .all()
        .find(({ image: { identity } }) => identity.id === imageId || identity.otherId === imageId);
      const key = record?.image.digest ?? imageId;
      byKey.set(key, (byKey.get(key) ?? new Set()).add(holder));
    }
    this.#parts.leases.standing(byKey);
  }

  /** Asks the engine about everything that is not under way. Never rejects. */
  async lookAtAll(signal: AbortSignal): Promise<void> {
    this.#base.settle();
    for (const record of this.#parts.board.all().filter(isAskable)) {
      if (signal.aborted) return;
      const { why } = this.#parts.engine;
      if (why === undefined) await look(this.#parts, record.image, signal);
      else this.#parts.board.move(record.image.digest, "unanswered", { status: { why } });
    }
  }

  /** A flight was cancelled in the middle of an import that the engine ended all the same. */
  async lookAfterCancel(image: WantedImage): Promise<void> {
    const { board, stopping } = this.#parts;
    const presence = await look(this.#parts, image, stopping);
    const why = "it was cancelled, and the import could not be stopped any more";
    if (presence.kind === "present" && !stopping.aborted) board.explain(image.digest, why);
  }

  stop(): void {
    this.#base.stop();
  }
}

function whyNot(
  presence: { readonly kind: string; readonly why?: string },
  status: ImageStatus | undefined,
): string {
  if (presence.kind === "unknown") return `the engine could not be asked: ${presence.why ?? ""}`;
  if (presence.kind === "wrong") return `the image that is there is another one: ${presence.why ?? ""}`;
  const percent = status?.progress?.percent;
  const state =
    status === undefined || !isInFlight(status.state)
      ? ""
      : ` (${status.state}${percent === undefined ? "" : `, ${percent} %`})`;
  return `the image is not here yet${state}`;
}

/**
 * The images of a worker.
 *
 *   board          the table: every move, written down before it is told        image-table  what can happen at all
 *   desk           who may ask for a flight                                     flights      one for a digest, never awaited (F1)
 *   fly-file       download, hash, import                                       fly-pull     the engine fetches
 *   leases, sweep  what is in use, and what may go                              engine-watch whether the engine answers
 */

import { abortable, FaultError, type Ms, type Ports, pause, type Timer } from "@haversack/base";
import type {
  BaseImage,
  Digest,
  ImageAnswer,
  ImageCause,
  ImageOrder,
  ImageStatus,
} from "@haversack/protocol";
import type { ImageSettings } from "../config/image-settings.ts";
import type { RuntimeInfo } from "../runtime/runtime.ts";
import { type Desk, mayFetch } from "./desk.ts";
import type { EngineWatch } from "./engine-watch.ts";
import { FlightFault, flightCodes } from "./flight-fault.ts";
import type { Flights } from "./flights.ts";
import { type ImageRecord, newRecord } from "./image-record.ts";
import { isInFlight } from "./image-table.ts";
import type { ImageChoice, ImageLease, Images, WantedImage } from "./images.ts";
import type { Leases } from "./leases.ts";
import { isAskable, type LookParts, look } from "./look.ts";
import type { Net } from "./net.ts";
import { answerOrder } from "./orders.ts";
import { baseMeant, digestMeant, referenceMeant } from "./references.ts";
import { pauseMs } from "./schedule.ts";
import { isUnreachable, pinTag } from "./tags.ts";
import type { Permits } from "./turn.ts";

export interface WorkerImagesParts extends LookParts {
  readonly ports: Ports;
  readonly desk: Desk;
  readonly engine: EngineWatch;
  readonly flights: Flights;
  readonly leases: Leases;
  readonly permits: Permits;
  readonly net: Net;
  readonly settings: ImageSettings;
  /** The worker stops. */
  readonly stopping: AbortSignal;
}

/** So that a fleet that starts as one does not download as one. */
const eagerJitterMs: Ms = 60_000;

export class WorkerImages implements Images {
  readonly #parts: WorkerImagesParts;
  #base: BaseImage | undefined;
  #wanted: WantedImage | undefined;
  #before: Digest | undefined;
  #eager: Timer | undefined;

  constructor(parts: WorkerImagesParts) {
    this.#parts = parts;
  }

  baseFor(base: BaseImage): WantedImage | undefined {
    const { info } = this.#parts.engine;
    if (info === undefined) return undefined;
    const meant = baseMeant(base, info, this.#parts.settings.source);
    return meant.kind === "image" ? meant.image : undefined;
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
      const end = this.#endOf(image.digest, ended.signal);
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
    const { leases, desk } = this.#parts;
    const image = await this.#referenceFor(ref, signal);
    const end = leases.take(image.digest, asked);
    if (end === undefined)
      throw new FaultError("unavailable", "runtime_unavailable", `${ref} is just being removed; try again`);
    try {
      desk.recordOf(image);
      const found = await look(this.#parts, image, signal);
      if (found.kind === "present") return { digest: image.digest, imageId: found.id, end };
      if (digestMeant(ref) !== undefined)
        throw new FlightFault("not_found", `${ref} names what is loaded already, and it is not there`);
      const outcome = desk.ask(image, "deploy", asked);
      const status = await this.#endOf(image.digest, signal, outcome === "paused");
      if (status.state !== "ready") throw failureOf(ref, status);
      const presence = await look(this.#parts, image, signal);
      if (presence.kind !== "present")
        throw new FlightFault("import_failed", `${ref} was fetched, and is gone again`);
      return { digest: image.digest, imageId: presence.id, end };
    } catch (error) {
      end();
      throw error;
    }
  }

  async resolveReference(ref: string, signal: AbortSignal): Promise<string> {
    try {
      return await pinTag(ref, this.#parts.net, signal);
    } catch (error) {
      if (signal.aborted || !isUnreachable(error)) throw error;
      // What was loaded under that name is better than nothing.
      const arch = this.#parts.engine.info?.arch ?? "";
      const presence = await this.#parts.runtime.inspectImage({ id: ref, arch }, signal);
      if (presence.kind === "present") return presence.id;
      throw error;
    }
  }

  turnedOut(image: WantedImage, how: "absent" | "corrupt", why: string): void {
    const { board, desk, ports } = this.#parts;
    desk.recordOf(image);
    if (how === "absent") {
      board.move(image.digest, "vanished");
      return;
    }
    const fault = new FlightFault("corrupt", why);
    const failure = { code: "corrupt", message: fault.message, hint: fault.hint };
    board.note(image.digest, { retired: true });
    board.move(image.digest, "spoilt", { status: { failure }, pausedUntil: ports.clock.now() + pauseMs });
  }

  wanted(base: BaseImage): void {
    this.#base = base;
    this.settleWanted();
  }

  /** Again when the engine has said for the first time, or anew, what it is. */
  settleWanted(): void {
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

  async order(order: ImageOrder): Promise<ImageAnswer> {
    return await answerOrder(order, this.#parts, this.#wanted ?? this.#unsupportedDigest());
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
    this.settleWanted();
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
    this.#eager?.cancel();
  }

  async #referenceFor(ref: string, signal: AbortSignal): Promise<WantedImage> {
    const info = this.#parts.engine.info ?? (await this.#parts.engine.ask(signal));
    if (info === undefined)
      throw new FlightFault("runtime_unavailable", this.#parts.engine.why ?? "the engine does not answer");
    const loaded = digestMeant(ref);
    if (loaded !== undefined)
      return { digest: loaded, ref, stamp: "", identity: { id: ref, arch: info.arch } };
    const image = info.canPull ? referenceMeant(ref, info.arch) : undefined;
    if (image !== undefined) return image;
    const why = info.canPull
      ? "expected HOST[:PORT]/NAME@sha256:…"
      : `${info.kind} takes no images of registries`;
    throw new FaultError("invalid", "unsupported", `image ${ref}: ${why}`);
  }

  /**
   * Resolves when nothing more becomes of it by itself.
   * @param isNow what is planned is not waited for
   */
  async #endOf(digest: Digest, signal: AbortSignal, isNow = false): Promise<ImageStatus> {
    const { board } = this.#parts;
    const found = Promise.withResolvers<ImageStatus>();
    const see = ({ status }: ImageRecord): void => {
      const isPlanned = status.failure?.retryAt !== undefined && !isNow;
      if (!isInFlight(status.state) && !isPlanned) found.resolve(status);
    };
    const stopListening = board.onMove((record) => record.image.digest === digest && see(record));
    const record = board.get(digest);
    if (record !== undefined) see(record);
    try {
      return await abortable(found.promise, AbortSignal.any([signal, this.#parts.stopping]));
    } finally {
      stopListening();
    }
  }

  #soon(image: WantedImage): void {
    const { clock, random } = this.#parts.ports;
    this.#eager?.cancel();
    this.#eager = clock.after(random.fraction() * eagerJitterMs, () => this.ensure(image, "eager", "eager"));
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

function failureOf(ref: string, { state, failure, cancelledBy }: ImageStatus): FaultError {
  if (failure === undefined)
    return new FaultError(
      "cancelled",
      "cancelled",
      `${ref}: ${cancelledBy === undefined ? state : `cancelled by ${cancelledBy}`}`,
    );
  const code = flightCodes.find((each) => each === failure.code) ?? "import_failed";
  return new FlightFault(code, `${ref}: ${failure.message}; ${failure.hint}`);
}

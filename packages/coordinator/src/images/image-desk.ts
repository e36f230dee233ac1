/** What callers may ask about images and of them: one place for the API, plain HTTP and whatever comes. */

import { FaultError } from "@haversack/base";
import {
  type BaseImage,
  type ContainerEngine,
  type Digest,
  type ImageEvent,
  type ImageOrder,
  parseDigest,
  type WorkerId,
  type WorkerImage,
} from "@haversack/protocol";
import { heardElsewhere } from "../dispatch/heard-lately.ts";
import type { Store } from "../store/store.ts";
import type { StoredTransition } from "../store/verbs/image-verbs.ts";
import type { BaseImages } from "./base-images.ts";
import {
  type FindParts,
  findImage,
  findWorker,
  imagesOf,
  isMeant,
  newest,
  requireEngine,
  taken,
  unknownImage,
} from "./find-image.ts";
import type { ImageLink } from "./fleet-images.ts";
import { type FollowAsked, followImages } from "./follow.ts";
import type { TransitionKeeper } from "./keep-transitions.ts";
import { type ImageRef, parseImageRef } from "./wanted.ts";

export interface DeskParts extends FindParts {
  readonly bases: BaseImages;
  readonly keeper: Pick<TransitionKeeper, "waiting">;
  readonly store: FindParts["store"] & { readonly read: Pick<Store["read"], "imageTransitions"> };
}

export interface PullAsked {
  readonly worker: string;
  readonly ref: string;
  /** Refused when `ref` means another one by now. */
  readonly digest?: string;
  /** Who asks. */
  readonly by: string;
}

export interface WatchAsked {
  /** Empty: all. */
  readonly worker: string;
  /** Empty: all. */
  readonly ref: string;
  readonly untilEnd: boolean;
}

/** Between two looks at what another coordinator wrote down of workers that are not here. */
const lookAgainMs = 5000;

/** All of them throw FaultError `missing` for a worker or an image that is unknown, `invalid` for a ref that is none. */
export class ImageDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  async status(worker: string, ref: string): Promise<WorkerImage> {
    return await findImage(this.#parts, worker, ref);
  }

  /** @param worker all when empty */
  async list(worker: string): Promise<readonly WorkerImage[]> {
    if (worker !== "") return await imagesOf(this.#parts, (await findWorker(this.#parts, worker)).id);
    const { images, store, clock } = this.#parts;
    const stored = (await store.read.imagesLast(heardElsewhere(store, clock))).filter(
      ({ workerId }) => images.link(workerId) === undefined,
    );
    const here = images.workers().flatMap((id) => images.of(id));
    const gone = stored.flatMap(({ workerId }) => images.of(workerId));
    return newest([...stored, ...gone, ...here]);
  }

  /** Of the workers that are here. */
  engines(): ReadonlyMap<WorkerId, ContainerEngine | undefined> {
    const { images } = this.#parts;
    return new Map(images.workers().map((id) => [id, images.engineOf(id)]));
  }

  get base(): BaseImage | undefined {
    return this.#parts.bases.known.base;
  }

  /**
   * Begins, or joins what is under way. Throws FaultError `unavailable` when the worker is not connected here: then
   * nothing is remembered; `conflict` when it has no file for the image, or `digest` is not what `ref` means.
   */
  async pull({
    worker,
    ref: text,
    digest: asked,
    by,
  }: PullAsked): Promise<{ resumed: boolean; image: WorkerImage }> {
    const digest = asked === undefined || asked === "" ? undefined : digestIn(asked);
    const { link, ref } = await this.#reach(worker, text);
    const { images } = this.#parts;
    const meant = ref.kind === "base" ? images.wanted(link.hello.workerId) : ref.digest;
    if (digest !== undefined && meant !== undefined && digest !== meant) throw another(text, meant);
    const order: ImageOrder["order"] = { kind: "pull", by, ...(digest === undefined ? {} : { digest }) };
    const answer = await this.#parts.orders.give(link, text, order);
    const image = taken(this.#parts, link, answer);
    if (image.status.state === "unsupported") throw unsupported(link, text, image);
    return { resumed: answer.resumed, image };
  }

  /** Also when nothing runs. */
  async cancel(worker: string, text: string, by: string): Promise<WorkerImage> {
    const { link } = await this.#reach(worker, text);
    return taken(this.#parts, link, await this.#parts.orders.give(link, text, { kind: "cancel", by }));
  }

  /** Newest first. */
  async transitions(worker: string, ref: string): Promise<readonly StoredTransition[]> {
    const { workerId, status } = await findImage(this.#parts, worker, ref);
    const { keeper, store } = this.#parts;
    const { digest } = status;
    // Looked at first: what is written meanwhile is in both.
    const waiting = keeper.waiting(workerId, digest);
    const stored = await store.read.imageTransitions({ workerId, digest });
    const known = new Set(stored.map(keyOf));
    return [...waiting.filter((each) => !known.has(keyOf(each))), ...stored];
  }

  /** Throws FaultError `invalid` or `conflict` for a file that cannot be used; then nothing has changed. */
  async reload(): Promise<BaseImage | undefined> {
    const { base } = await this.#parts.bases.reload();
    this.#parts.images.renewed();
    return base;
  }

  async *watch({ worker, ref: text, untilEnd }: WatchAsked, signal: AbortSignal): AsyncIterable<ImageEvent> {
    const ref = text === "" ? undefined : parseImageRef(text);
    const id = worker === "" ? undefined : (await findWorker(this.#parts, worker)).id;
    const matches = (image: WorkerImage): boolean => this.#matches(image, id, ref);
    const look = async (): Promise<readonly WorkerImage[]> => {
      if (id !== undefined && text !== "") return [await findImage(this.#parts, id, text)];
      return (await this.list(worker)).filter(matches);
    };
    const again = this.#parts.store.shared === undefined ? {} : { lookAgainMs };
    const asked: FollowAsked = { matches, look, untilEnd, ...again };
    yield* followImages(this.#parts, asked, signal);
  }

  #matches(image: WorkerImage, id: WorkerId | undefined, ref: ImageRef | undefined): boolean {
    if (id !== undefined && image.workerId !== id) return false;
    return ref === undefined || isMeant(ref, image, this.#parts.images.wanted(image.workerId));
  }

  /** The session of a worker that can be ordered, for an image that it or we know. */
  async #reach(worker: string, text: string): Promise<{ link: ImageLink; ref: ImageRef }> {
    const ref = parseImageRef(text);
    const { id, name } = await findWorker(this.#parts, worker);
    const { images } = this.#parts;
    const link = images.link(id);
    if (link === undefined) throw notHere(name);
    requireEngine(this.#parts, id, name);
    const isKnown = images.of(id).some((image) => isMeant(ref, image, images.wanted(id)));
    if (isKnown || ref.kind === "pinned") return { link, ref };
    if (ref.kind === "base" ? this.base === undefined : ref.digest !== images.wanted(id))
      throw unknownImage(name, text);
    return { link, ref };
  }
}

const keyOf = ({ bootId, status }: StoredTransition): string =>
  `${bootId} ${status.since} ${status.state} ${status.attempt}`;

function digestIn(text: string): Digest {
  try {
    return parseDigest(text);
  } catch {
    throw new FaultError("invalid", "bad_digest", "digest: expected sha256: and 64 hexadecimal digits");
  }
}

function notHere(name: string): FaultError {
  const message = `worker ${name} is not connected to this coordinator, and nothing was remembered: ask again when it is, or ask the coordinator that it is connected to`;
  return new FaultError("unavailable", "worker_away", message);
}

function another(ref: string, meant: Digest): FaultError {
  return new FaultError(
    "conflict",
    "another_digest",
    `${ref} means ${meant} on this worker now: look again, then ask for that`,
  );
}

function unsupported(link: ImageLink, ref: string, { status }: WorkerImage): FaultError {
  const why = status.why === undefined ? "" : `: ${status.why}`;
  const message = `there is no ${ref} image for the architecture and engine of worker ${link.hello.name}${why}`;
  return new FaultError("conflict", "unsupported", message);
}

/**
 * What the workers that are connected here say of their images, and what those said last that were: in memory only.
 * Whoever wants to know of changes is told at once; nobody asks again and again.
 */

import type { Clock } from "@haversack/base";
import {
  type ContainerEngine,
  type Digest,
  type ImageStatus,
  isTransition,
  type WorkerId,
  type WorkerImage,
} from "@haversack/protocol";
import type { WorkerLink } from "../dispatch/worker-link.ts";
import type { KnownImages } from "./base-images.ts";
import { type HighWater, raised } from "./high-water.ts";
import { wantedDigest } from "./wanted.ts";

/** The end of a session, as far as images go. */
export type ImageLink = Pick<WorkerLink, "hello" | "send" | "ended" | "imagesReady">;

export interface ImageChange {
  readonly kind: "transition" | "progress";
  readonly image: WorkerImage;
  /** Of the same worker's process; absent: none is known. */
  readonly before?: ImageStatus;
}

export type ImageListener = (change: ImageChange) => void;

interface Present {
  readonly link: ImageLink;
  engine: ContainerEngine | undefined;
  readonly table: Map<Digest, ImageStatus>;
}

/** Workers that were here and are not: beyond these the store alone remembers. */
const goneMax = 5000;
/** Images of one worker. What it says beyond is not heard. */
const imagesMax = 256;
/** A worker's words are kept as they are, within bounds. */
const textMax = 2000;

export class FleetImages {
  readonly #clock: Clock;
  readonly #known: () => KnownImages;
  readonly #present = new Map<WorkerId, Present>();
  readonly #gone = new Map<WorkerId, readonly WorkerImage[]>();
  /** Also of workers that are away: they go on where they were. */
  readonly #marks = new Map<WorkerId, Map<Digest, HighWater>>();
  readonly #listeners = new Set<ImageListener>();

  /** @param known what is known of the base image now */
  constructor(clock: Clock, known: () => KnownImages) {
    this.#clock = clock;
    this.#known = known;
  }

  /** Tells of each change, while it happens. @returns the way to stop */
  listen(listener: ImageListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** A session has begun: its hello has the whole table. */
  greet(link: ImageLink): void {
    const { workerId, bootId, engine, images = [] } = link.hello;
    const older = this.#present.get(workerId);
    const sameProcess = older !== undefined && older.link.hello.bootId === bootId;
    const present: Present = { link, engine, table: new Map() };
    this.#present.set(workerId, present);
    this.#gone.delete(workerId);
    for (const status of images.slice(0, imagesMax).map(bounded)) {
      const before = sameProcess ? older.table.get(status.digest) : undefined;
      const now = before !== undefined && before.seq > status.seq ? before : this.#raise(workerId, status);
      present.table.set(status.digest, now);
      this.#tell(present, "transition", now, before);
    }
    this.#mark(present);
    this.#sendBase(present);
  }

  /** What the worker says since; what is behind the times changes nothing. */
  take(link: ImageLink, statuses: readonly ImageStatus[]): void {
    const present = this.#present.get(link.hello.workerId);
    if (present?.link !== link) return;
    for (const told of statuses.map(bounded)) {
      const before = present.table.get(told.digest);
      if (before === undefined ? present.table.size >= imagesMax : before.seq >= told.seq) continue;
      const status = this.#raise(link.hello.workerId, told);
      present.table.set(status.digest, status);
      this.#tell(present, isTransition(before, status) ? "transition" : "progress", status, before);
    }
    this.#mark(present);
  }

  /** The worker's engine came, went or changed. */
  engine(link: ImageLink, engine: ContainerEngine | undefined): void {
    const present = this.#present.get(link.hello.workerId);
    if (present?.link !== link) return;
    const had = present.engine !== undefined;
    present.engine = engine;
    this.#mark(present);
    if (!had) this.#sendBase(present);
  }

  /** The session is over, unless a newer one of the worker took its place. */
  leave(link: ImageLink): void {
    const { workerId } = link.hello;
    const present = this.#present.get(workerId);
    if (present?.link !== link) return;
    this.#present.delete(workerId);
    const last = [...present.table.values()].map((status) => this.#shown(present, status, true));
    this.#gone.set(workerId, last);
    for (const oldest of this.#gone.keys()) {
      if (this.#gone.size <= goneMax) break;
      this.#gone.delete(oldest);
      this.#marks.delete(oldest);
    }
    for (const image of last) this.#emit({ kind: "transition", image, before: image.status });
  }

  /** What the base image is has changed. */
  renewed(): void {
    for (const present of this.#present.values()) {
      this.#mark(present);
      this.#sendBase(present);
    }
  }

  link(workerId: WorkerId): ImageLink | undefined {
    return this.#present.get(workerId)?.link;
  }

  engineOf(workerId: WorkerId): ContainerEngine | undefined {
    return this.#present.get(workerId)?.engine;
  }

  /** The digest of the base image that the worker should have; undefined: there is none, or the worker is not here. */
  wanted(workerId: WorkerId): Digest | undefined {
    return wantedDigest(this.#known().base, this.engineOf(workerId));
  }

  /** Of a worker that is here, its table; of one that was, what it said last. */
  of(workerId: WorkerId): readonly WorkerImage[] {
    const present = this.#present.get(workerId);
    if (present === undefined) return this.#gone.get(workerId) ?? [];
    return [...present.table.values()].map((status) => this.#shown(present, status, false));
  }

  /** Ids of the workers that are here. */
  workers(): readonly WorkerId[] {
    return [...this.#present.keys()];
  }

  /** How many workers that are here have the base image that they should have. */
  get readyCount(): number {
    return [...this.#present.values()].filter(({ link }) => link.imagesReady.has("base")).length;
  }

  #raise(workerId: WorkerId, told: ImageStatus): ImageStatus {
    const marks = this.#marks.get(workerId) ?? new Map<Digest, HighWater>();
    this.#marks.set(workerId, marks);
    const { status, mark } = raised(marks.get(told.digest), told);
    if (mark === undefined) marks.delete(told.digest);
    else marks.set(told.digest, mark);
    return status;
  }

  #sendBase({ link, engine }: Present): void {
    const { base } = this.#known();
    if (base !== undefined && engine !== undefined) link.send({ kind: "baseImage", base });
  }

  /** What placement may prefer the worker for: while it downloads, for nothing. */
  #mark({ link, engine, table }: Present): void {
    const ready = new Set<string>();
    for (const { state, digest } of table.values()) if (state === "ready") ready.add(digest);
    const wanted = wantedDigest(this.#known().base, engine);
    if (wanted !== undefined && ready.has(wanted)) ready.add("base");
    const isBusy = [...table.values()].some(({ state }) => state === "downloading");
    link.imagesReady = isBusy ? new Set() : ready;
  }

  #shown({ link }: Present, status: ImageStatus, lost: boolean): WorkerImage {
    const { workerId, name: workerName, bootId } = link.hello;
    return { workerId, workerName, status, lost, observedAt: this.#clock.now(), bootId };
  }

  #tell(present: Present, kind: ImageChange["kind"], status: ImageStatus, before?: ImageStatus): void {
    const image = this.#shown(present, status, false);
    this.#emit({ kind, image, ...(before === undefined ? {} : { before }) });
  }

  #emit(change: ImageChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function bounded(status: ImageStatus): ImageStatus {
  const { ref, why, asked, failure, cancelledBy } = status;
  const cut = (text: string): string => text.slice(0, textMax);
  return {
    ...status,
    ref: cut(ref),
    asked: asked.slice(0, 16).map(cut),
    ...(why === undefined ? {} : { why: cut(why) }),
    ...(cancelledBy === undefined ? {} : { cancelledBy: cut(cancelledBy) }),
    ...(failure === undefined
      ? {}
      : {
          failure: {
            ...failure,
            code: failure.code.slice(0, 64),
            message: cut(failure.message),
            hint: cut(failure.hint),
          },
        }),
  };
}

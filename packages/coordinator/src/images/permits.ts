/**
 * How many workers download at once: a fleet that does so all together is nobody's friend. Who waits and who downloads
 * stands in the store, for all coordinators: leave is given there, in the order in which it was asked for, and what is
 * not renewed is free again. This is the part of the workers that are connected here. A worker that is not answered
 * begins by itself after a while, and then holds a permit that nobody gave it.
 */

import { Background, type Ms, messageOf, type Ports, type Service, Wakeup } from "@haversack/base";
import type { Digest, ImageState } from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import type { PermitKey, PermitWish } from "../store/verbs/image-permits.ts";
import type { ImageLink } from "./fleet-images.ts";

export interface PermitsParts {
  /** At once in the fleet. */
  readonly limit: number;
  readonly store: { readonly write: Pick<Store["write"], "imagePermitsGive"> };
  /** Their clock is the one that coordinators share. */
  readonly ports: Ports;
}

interface Place extends PermitKey {
  /** The newest session of the worker. */
  link: ImageLink;
  readonly askedAt: number;
  /** `given` is not used yet. */
  state: "waits" | "given" | "used";
  /** Steady time: when it was given. */
  givenAt: Ms;
  /** Steady time: when the store was told of it as it is; undefined: it has to be. */
  toldAt: Ms | undefined;
}

/** A worker begins within this time, or somebody else may. */
const unusedMaxMs: Ms = 60_000;
/** A worker downloads one image at a time, and may think of the next ones. */
const placesMax = 8;
/** Until what is not renewed is free again. */
const ttlMs: Ms = 30_000;
const renewEveryMs: Ms = 10_000;
/** To see what became free at other coordinators. */
const waitEveryMs: Ms = 2000;

const keyOf = ({ workerId, digest }: PermitKey): string => `${workerId} ${digest}`;

export class Permits implements Service {
  readonly name = "image-permits";
  readonly #parts: PermitsParts;
  readonly #holder: string;
  readonly #loop: Background;
  readonly #wakeup = new Wakeup();
  readonly #places = new Map<string, Place>();
  #freed = new Map<string, PermitKey>();
  #lastAskedAt = 0;

  constructor(parts: PermitsParts) {
    this.#parts = parts;
    const { random, log } = parts.ports;
    this.#holder = random.id();
    const onFailure = (error: unknown): void =>
      log.error({ error: messageOf(error) }, "nobody gives leave to download images any more");
    this.#loop = new Background(this.name, (signal) => this.#run(signal), onFailure);
  }

  /** Asking again tells it again: the answer was lost, or the session was another one. */
  ask(link: ImageLink, digest: Digest): void {
    const { workerId } = link.hello;
    const place = this.#places.get(keyOf({ workerId, digest }));
    if (place !== undefined) {
      // What it has in the store it keeps: its place in the line, or its permit.
      Object.assign(place, { link, state: "waits", toldAt: undefined } satisfies Partial<Place>);
    } else {
      const waiting = [...this.#places.values()].filter(
        (each) => each.link === link && each.state === "waits",
      );
      if (waiting.length >= placesMax) return;
      this.#place({ workerId, digest }, link, "waits");
    }
    this.#wakeup.ring();
  }

  /** What a worker says of an image of its own. */
  heard(link: ImageLink, digest: Digest, state: ImageState): void {
    const { workerId } = link.hello;
    const place = this.#places.get(keyOf({ workerId, digest }));
    if (place !== undefined) place.link = link;
    if (state === "resolving" || state === "downloading") {
      if (place?.state === "used") return;
      if (place === undefined) this.#place({ workerId, digest }, link, "used");
      else Object.assign(place, { state: "used", toldAt: undefined } satisfies Partial<Place>);
      this.#wakeup.ring();
      return;
    }
    // Queued before the permit is used is waiting; after that the flight was ended by a stop.
    if (place !== undefined && (state !== "queued" || place.state === "used")) this.#free(place);
  }

  /** The session is over: what it held is free, its places in the line are gone. */
  leave(link: ImageLink): void {
    for (const place of this.#places.values()) if (place.link === link) this.#free(place);
  }

  async start(): Promise<void> {
    await this.#loop.start();
  }

  /** What is free by now is told, if the store takes it. */
  async stop(): Promise<void> {
    await this.#loop.stop("now");
    if (this.#freed.size > 0) await this.#round();
  }

  #place(key: PermitKey, link: ImageLink, state: Place["state"]): void {
    const { clock } = this.#parts.ports;
    // Those that come in the same millisecond keep their order.
    this.#lastAskedAt = Math.max(this.#lastAskedAt + 1, clock.now());
    const askedAt = this.#lastAskedAt;
    const { workerId, digest } = key;
    this.#places.set(keyOf(key), { workerId, digest, link, askedAt, state, givenAt: 0, toldAt: undefined });
  }

  #free({ workerId, digest }: PermitKey): void {
    const key = { workerId, digest };
    this.#places.delete(keyOf(key));
    this.#freed.set(keyOf(key), key);
    this.#wakeup.ring();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts.ports;
    for (;;) {
      const places = [...this.#places.values()];
      const waits = places.some(({ state }) => state === "waits");
      if (places.length + this.#freed.size === 0) await this.#wakeup.next(signal);
      else await this.#wakeup.nextWithin(clock, waits ? waitEveryMs : renewEveryMs, signal);
      await this.#round();
    }
  }

  /** Tells the store what is so here, and the workers what they got. Never rejects: it is tried again. */
  async #round(): Promise<void> {
    const { limit, store, ports } = this.#parts;
    const { clock, log } = ports;
    const at = clock.monotonic();
    for (const place of this.#places.values())
      if (place.state === "given" && at - place.givenAt >= unusedMaxMs) this.#free(place);
    const due = [...this.#places.values()].filter(
      ({ toldAt }) => toldAt === undefined || at - toldAt >= renewEveryMs,
    );
    const wishes = due.map(
      ({ workerId, digest, state, askedAt }): PermitWish => ({
        workerId,
        digest,
        held: state !== "waits",
        askedAt,
      }),
    );
    const freed = this.#freed;
    this.#freed = new Map();
    // Who changes meanwhile has to be told again.
    for (const place of due) place.toldAt = at;
    const now = clock.now();
    try {
      const round = { holder: this.#holder, wishes, freed: [...freed.values()], limit };
      const given = await store.write.imagePermitsGive({ ...round, now, until: now + ttlMs });
      for (const key of given) this.#given(key, at);
    } catch (error) {
      for (const place of due) place.toldAt = undefined;
      this.#freed = new Map([...freed, ...this.#freed]);
      log.debug({ reason: messageOf(error) }, "nobody was given leave to download an image for now");
    }
  }

  #given(key: PermitKey, at: Ms): void {
    const place = this.#places.get(keyOf(key));
    if (place?.state !== "waits") return;
    place.state = "given";
    place.givenAt = at;
    place.link.send({ kind: "imagePermit", digest: place.digest });
  }
}

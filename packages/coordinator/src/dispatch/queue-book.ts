/**
 * What the dispatcher knows of the queues: which have steps that wait, how many of them may go out as far as keys and pools
 * are concerned, and whose turn it is. It is a picture of the store, made anew piece by piece with every look; a coordinator
 * that starts has none, and loses nothing but whose turn it was.
 */

import { sortedJson } from "@haversack/base";
import type { QueueKey } from "../runs/queue-key.ts";
import type { ReadyStep } from "../store/verbs/step-verbs.ts";
import { type Heads, headsOf } from "./heads.ts";
import { ableWorkers } from "./place.ts";
import { Turns } from "./turns.ts";
import type { ViewQueue, ViewWorker } from "./view.ts";

export interface OpenQueue extends QueueKey, Pick<ViewQueue, "standsOn"> {
  /** Of the store. */
  readonly no: number;
  /** Steps that may start now, as far as keys and pools are concerned; absent: any number. */
  readonly room?: number;
}

/** What the store told of all queues between two numbers in which steps wait. */
export interface Look {
  /** Of queues with a higher number. */
  readonly after: number;
  /** And up to this one; absent: to the last. */
  readonly upTo?: number;
  readonly queues: readonly OpenQueue[];
  /** First steps that came along; absent: none did. */
  readonly heads?: Heads;
}

interface Known {
  queue: OpenQueue;
  /** Queues of one class ask the same of workers. */
  className: string;
  room: number;
}

export class QueueBook {
  readonly #known = new Map<number, Known>();
  readonly #turns = new Turns();
  readonly #fits = new FitCache();
  #heads: Heads | undefined;

  learn({ after, upTo = Number.POSITIVE_INFINITY, queues, heads }: Look): void {
    this.#heads = heads;
    const told = new Set(queues.map(({ no }) => no));
    for (const no of this.#known.keys()) {
      if (no > after && no <= upTo && !told.has(no)) this.#forget(no);
    }
    for (const queue of queues) {
      const { no, priority, share, room = Number.POSITIVE_INFINITY } = queue;
      const known = this.#known.get(no);
      if (known === undefined) this.#known.set(no, { queue, className: classOf(queue), room });
      else known.room = room;
      // What it deploys may stand elsewhere by now.
      if (known !== undefined && queue.deployment !== undefined) {
        known.queue = queue;
        known.className = classOf(queue);
      }
      this.#turns.add({ id: no, priority, share });
    }
  }

  get(no: number): OpenQueue | undefined {
    return this.#known.get(no)?.queue;
  }

  /** Whose turn it is, for as many steps as these workers have room for. */
  deal(workers: readonly ViewWorker[], count: number): ReadonlyMap<number, number> {
    const free = workers.filter(({ credits }) => credits > 0);
    const left = new Map<string, number>();
    const rooms = new Map<number, number>();
    const take = (no: number): boolean => {
      const known = this.#known.get(no);
      if (known === undefined) return false;
      const { className } = known;
      const slots = left.get(className) ?? this.#slots(known, free);
      const room = rooms.get(no) ?? known.room;
      const goes = slots > 0 && room > 0;
      left.set(className, goes ? slots - 1 : slots);
      rooms.set(no, goes ? room - 1 : room);
      return goes;
    };
    return this.#turns.deal(take, count);
  }

  /** The steps of these turns, if the look before brought them along: they serve once. */
  atHand(turns: ReadonlyMap<number, number>): readonly ReadyStep[] | undefined {
    const heads = this.#heads;
    this.#heads = undefined;
    return heads === undefined ? undefined : headsOf(turns, heads);
  }

  /** So many of its steps went out, in the order in which turns were dealt. */
  charge(no: number, steps: number): void {
    const known = this.#known.get(no);
    if (known !== undefined) known.room -= steps;
    this.#turns.charge(no, steps);
  }

  /** It has fewer steps than were asked for: nothing waits in it until a look says otherwise. */
  drained(no: number): void {
    this.#forget(no);
  }

  /** One of its keys or pools is full: nothing of it goes until a look says otherwise. */
  full(no: number): void {
    const known = this.#known.get(no);
    if (known !== undefined) known.room = 0;
  }

  #forget(no: number): void {
    this.#known.delete(no);
    this.#turns.remove(no);
  }

  #slots({ queue, className }: Known, free: readonly ViewWorker[]): number {
    return free.reduce(
      (sum, worker) => sum + (this.#fits.has(queue, className, worker) ? worker.credits : 0),
      0,
    );
  }
}

const classOf = ({ selector, pack, deployment, standsOn }: OpenQueue): string =>
  sortedJson([
    selector,
    pack ?? null,
    ...(deployment === undefined ? [] : [deployment, standsOn?.id ?? null]),
  ]);

/** Which workers may run what: asked again and again, and the same for as long as a session lasts. */
class FitCache {
  /** By the labels of a session, which are one object as long as it lasts. */
  readonly #bySession = new WeakMap<object, Map<string, boolean>>();

  has(queue: ViewQueue, className: string, worker: ViewWorker): boolean {
    // An engine may come and go within a session, and few queues ask for one.
    if (queue.deployment !== undefined) return ableWorkers(queue, [worker]).length > 0;
    const known = this.#bySession.get(worker.labels) ?? new Map<string, boolean>();
    this.#bySession.set(worker.labels, known);
    const before = known.get(className);
    if (before !== undefined) return before;
    const fits = ableWorkers(queue, [worker]).length > 0;
    if (known.size >= classesMax) known.clear();
    known.set(className, fits);
    return fits;
  }
}

/** That are remembered for each session. */
const classesMax = 1000;

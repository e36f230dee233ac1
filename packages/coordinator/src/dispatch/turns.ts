/**
 * Whose turn it is. Steps wait in queues; a queue has a priority and belongs to a share, which is a DAG. A turn is one
 * step.
 *
 *   priorities   a level gets four turns while the next one below gets one, and all of them when the others have nothing
 *                that can go out: the lowest of five gets at least one turn of 341, whatever waits above it.
 *   shares       of one priority take turns, whoever waited longest first: a DAG with 100,000 steps gets no more than one
 *                with three, until the three are out.
 *   queues       of one share and priority take turns in the same way.
 *
 * Who comes stands behind those who wait already, so that each of the others passes it at most once. Who cannot be served
 * for a while keeps its place, but does not make up for it later at the cost of the others.
 */

import { present } from "@haversack/base";
import type { Priority } from "@haversack/protocol";

export interface TurnQueue {
  readonly id: number;
  readonly priority: Priority;
  readonly share: string;
}

interface Share {
  readonly priority: Priority;
  /** The turn in which it was served last, or came. */
  last: number;
  /** Queues of it. */
  queues: number;
}

interface Entry {
  readonly id: number;
  readonly share: Share;
  last: number;
}

/** What one turn costs a level: a quarter of what it costs the next one below. */
const costOf = (priority: Priority): number => 4 ** (5 - priority);

export class Turns {
  readonly #entries = new Map<number, Entry>();
  readonly #shares = new Map<string, Share>();
  /** What the levels were served, in costs; the lowest is next. */
  readonly #served = new Map<Priority, number>();
  /** Nobody stands lower: what the level that had the last turn had been served before it. */
  #floor = 0;
  /** Counts turns and arrivals. */
  #clock = 0;

  /** Steps began to wait in it. One that is there already keeps its place. */
  add({ id, priority, share: name }: TurnQueue): void {
    if (this.#entries.has(id)) return;
    const last = ++this.#clock;
    const known = this.#shares.get(`${priority} ${name}`);
    const share = known ?? { priority, last, queues: 0 };
    if (known === undefined) this.#shares.set(`${priority} ${name}`, share);
    share.queues++;
    this.#entries.set(id, { id, share, last });
  }

  /** Nothing waits in it any more. */
  remove({ id, priority, share: name }: TurnQueue): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    if (--entry.share.queues === 0) this.#shares.delete(`${priority} ${name}`);
  }

  /**
   * Deals turns out.
   * @param rooms how many steps of a queue can go out now, by its id; of queues that are not here, none
   * @param count turns, at most
   * @returns how many of each queue; whoever had its last turn last comes last, and so they are to be charged
   */
  deal(rooms: ReadonlyMap<number, number>, count: number): ReadonlyMap<number, number> {
    const levels = this.#levels(rooms);
    const dealt = new Map<number, number>();
    for (let turn = 0; turn < count; turn++) {
      const level = levels.reduce<Level | undefined>(lower, undefined);
      if (level === undefined) break;
      const id = level.takeTurn();
      const before = dealt.get(id) ?? 0;
      dealt.delete(id);
      dealt.set(id, before + 1);
    }
    return dealt;
  }

  /** So many steps of a queue went out. What was dealt and came to nothing costs nothing. */
  charge(id: number, steps: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || steps === 0) return;
    const { priority } = entry.share;
    const after = this.#standing(priority) + steps * costOf(priority);
    this.#served.set(priority, after);
    this.#floor = Math.max(this.#floor, after - costOf(priority));
    this.#clock++;
    entry.last = this.#clock;
    entry.share.last = this.#clock;
  }

  #standing(priority: Priority): number {
    return Math.max(this.#served.get(priority) ?? 0, this.#floor);
  }

  #levels(rooms: ReadonlyMap<number, number>): Level[] {
    const open = [...rooms].flatMap(([id, room]) => {
      const entry = this.#entries.get(id);
      return entry === undefined || room <= 0 ? [] : [{ entry, room }];
    });
    const byLevel = Map.groupBy(open, ({ entry }) => entry.share.priority);
    return [...byLevel].map(([priority, queues]) => new Level(priority, this.#standing(priority), queues));
  }
}

interface OpenQueue {
  readonly entry: Entry;
  room: number;
}

/** The queues of one priority that can be served, while turns are dealt. */
class Level {
  readonly #cost: number;
  /** Whoever is next comes first; each is the same of its queues. */
  readonly #shares: Line<Line<OpenQueue>>;
  readonly priority: Priority;
  served: number;

  constructor(priority: Priority, served: number, queues: readonly OpenQueue[]) {
    this.priority = priority;
    this.served = served;
    this.#cost = costOf(priority);
    const byShare = [...Map.groupBy(queues, ({ entry }) => entry.share)];
    byShare.sort(([a], [b]) => a.last - b.last);
    const lines = byShare.map(([, own]) => new Line(own.toSorted((a, b) => a.entry.last - b.entry.last)));
    this.#shares = new Line(lines);
  }

  get isEmpty(): boolean {
    return this.#shares.isEmpty;
  }

  /** @returns the queue whose turn it is */
  takeTurn(): number {
    this.served += this.#cost;
    const share = present(this.#shares.shift(), "a share with a turn");
    const queue = present(share.shift(), "a queue with a turn");
    queue.room--;
    if (queue.room > 0) share.push(queue);
    if (!share.isEmpty) this.#shares.push(share);
    return queue.entry.id;
  }
}

/** Of two levels the one whose turn it is; of equals the more urgent. */
function lower(best: Level | undefined, each: Level): Level | undefined {
  if (each.isEmpty) return best;
  if (best === undefined || each.served < best.served) return each;
  return each.served === best.served && each.priority > best.priority ? each : best;
}

/** First in, first out, without moving what stays. */
class Line<T> {
  #items: T[];
  #at = 0;

  constructor(items: readonly T[]) {
    this.#items = [...items];
  }

  get isEmpty(): boolean {
    return this.#at === this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#at];
    if (this.#at < this.#items.length) this.#at++;
    if (this.#at < 1024) return item;
    this.#items = this.#items.slice(this.#at);
    this.#at = 0;
    return item;
  }
}

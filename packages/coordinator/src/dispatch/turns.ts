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

import type { Priority } from "@haversack/protocol";

export interface TurnQueue {
  readonly id: number;
  readonly priority: Priority;
  readonly share: string;
}

/** Longest waiting first, as everything here: a map keeps the order, and who is served goes to its end. */
type Share = Map<number, TurnQueue>;

interface Level {
  readonly priority: Priority;
  readonly shares: Map<string, Share>;
  /** What it was served, in costs; the lowest is next. */
  served: number;
}

/** What one turn costs a level: a quarter of what it costs the next one below. */
const costOf = (priority: Priority): number => 4 ** (5 - priority);

export class Turns {
  readonly #queues = new Map<number, TurnQueue>();
  readonly #levels = new Map<Priority, Level>();
  /** Nobody stands lower: what the level that had the last turn had been served before it. */
  #floor = 0;

  /** Steps began to wait in it. One that is there already keeps its place. */
  add(queue: TurnQueue): void {
    const { id, priority, share } = queue;
    if (this.#queues.has(id)) return;
    this.#queues.set(id, queue);
    const level = this.#levels.get(priority) ?? { priority, shares: new Map<string, Share>(), served: 0 };
    this.#levels.set(priority, level);
    level.shares.set(share, (level.shares.get(share) ?? new Map()).set(id, queue));
  }

  /** Nothing waits in it any more. */
  remove(id: number): void {
    const queue = this.#queues.get(id);
    if (queue === undefined) return;
    this.#queues.delete(id);
    const shares = this.#levels.get(queue.priority)?.shares;
    const share = shares?.get(queue.share);
    share?.delete(id);
    if (share?.size === 0) shares?.delete(queue.share);
  }

  /**
   * Deals turns out.
   * @param take whether one more step of the queue can go out; what it answers true for is counted as gone
   * @param count turns, at most
   * @returns how many of each queue; whoever had its last turn last comes last, and so they are to be charged
   */
  deal(take: (id: number) => boolean, count: number): ReadonlyMap<number, number> {
    const open = [...this.#levels.values()].map((level) => {
      return { level, served: Math.max(level.served, this.#floor), turns: turnsOf(level, take) };
    });
    open.sort((a, b) => b.level.priority - a.level.priority);
    const dealt = new Map<number, number>();
    let left = count;
    while (left > 0 && open.length > 0) {
      const next = open.reduce((best, each) => (each.served < best.served ? each : best));
      const turn = next.turns.next();
      if (turn.done === true) {
        open.splice(open.indexOf(next), 1);
        continue;
      }
      next.served += costOf(next.level.priority);
      const before = dealt.get(turn.value) ?? 0;
      dealt.delete(turn.value);
      dealt.set(turn.value, before + 1);
      left--;
    }
    return dealt;
  }

  /** So many steps of a queue went out. What was dealt and came to nothing costs nothing. */
  charge(id: number, steps: number): void {
    const queue = this.#queues.get(id);
    if (queue === undefined || steps === 0) return;
    const level = this.#levels.get(queue.priority);
    const share = level?.shares.get(queue.share);
    if (level === undefined || share === undefined) return;
    level.served = Math.max(level.served, this.#floor) + steps * costOf(level.priority);
    this.#floor = Math.max(this.#floor, level.served - costOf(level.priority));
    toEnd(share, id, queue);
    toEnd(level.shares, queue.share, share);
  }
}

function toEnd<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
}

/** The queues of a level whose turn it is, one after the other, for as long as one of them has a step that can go. */
function turnsOf({ shares }: Level, take: (id: number) => boolean): Iterator<number, void> {
  const ofShare = (share: Share) => takingTurns(share.keys().map((id) => repeated(id, take)));
  return takingTurns(shares.values().map(ofShare));
}

/** Each in turn, until all have ended. Nobody is looked at before its turn comes. */
function* takingTurns<T>(all: Iterable<Iterator<T, void>>): Generator<T, void> {
  let round = all;
  for (;;) {
    const again: Iterator<T, void>[] = [];
    for (const each of round) {
      const turn = each.next();
      if (turn.done === true) continue;
      again.push(each);
      yield turn.value;
    }
    if (again.length === 0) return;
    round = again;
  }
}

function* repeated(id: number, take: (id: number) => boolean): Generator<number, void> {
  while (take(id)) yield id;
}

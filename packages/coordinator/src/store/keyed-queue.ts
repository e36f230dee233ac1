/**
 * Calls that wait for a connection. Several connections take from it at once; calls that share a key (two about one run)
 * never go to two of them at a time, and never overtake each other.
 */

export interface Keyed {
  readonly keys: readonly string[];
  /** Travels in no batch with others. */
  readonly alone: boolean;
}

/** Entries that one look goes through, so that a long queue costs each taker no more than a short one. */
const scanMax = 2048;

export class KeyedQueue<T extends Keyed> {
  #waiting: T[] = [];
  readonly #taken = new Set<string>();

  get size(): number {
    return this.#waiting.length;
  }

  push(entry: T): void {
    this.#waiting.push(entry);
  }

  /** What may go now, oldest first; empty when there is nothing. Its keys are taken until {@link done}. */
  take(max: number): T[] {
    const batch: T[] = [];
    const passed: T[] = [];
    const blocked = new Set<string>();
    let seen = 0;
    for (; seen < Math.min(scanMax, this.#waiting.length) && batch.length < max; seen++) {
      const entry = this.#waiting[seen] as T;
      const isBlocked = entry.keys.some((key) => this.#taken.has(key) || blocked.has(key));
      if (isBlocked || (entry.alone && batch.length > 0)) {
        passed.push(entry);
        for (const key of entry.keys) blocked.add(key);
        continue;
      }
      batch.push(entry);
      if (entry.alone) {
        seen++;
        break;
      }
    }
    this.#waiting = [...passed, ...this.#waiting.slice(seen)];
    for (const { keys } of batch) for (const key of keys) this.#taken.add(key);
    return batch;
  }

  done(batch: readonly T[]): void {
    for (const { keys } of batch) for (const key of keys) this.#taken.delete(key);
  }

  /** Everything that has not been taken. */
  drain(): T[] {
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }
}

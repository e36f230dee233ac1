/** Random choices that the same seed repeats. */

/** Numbers from 0 (included) to 1 (excluded), the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Choices {
  /** From `min` (included) to `max` (excluded). */
  between(min: number, max: number): number;
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number;
  one<T>(list: readonly T[]): T;
  chance(share: number): boolean;
  shuffled<T>(list: readonly T[]): T[];
}

export function choices(seed: number): Choices {
  const random = seededRandom(seed);
  const whole = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1));
  return {
    between: (min, max) => min + random() * (max - min),
    whole,
    one: <T>(list: readonly T[]) => list[whole(0, list.length - 1)] as T,
    chance: (share) => random() < share,
    shuffled(list) {
      const all = [...list];
      for (let last = all.length - 1; last > 0; last--) {
        const at = whole(0, last);
        [all[last], all[at]] = [all[at] as never, all[last] as never];
      }
      return all;
    },
  };
}

/**
 * Who uses which image. A lease is there before the engine is asked whether the image is, so that nothing of ours can
 * remove it between the answer and the container; what is being removed gets no new lease.
 */

export class Leases {
  /** Of attempts: how many leases each holder has. */
  readonly #held = new Map<string, Map<string, number>>();
  /** Of containers that stand, as they were listed last. */
  #standing = new Map<string, ReadonlySet<string>>();
  readonly #retiring = new Set<string>();
  #isListed = false;

  /** @param key its digest, or what the engine calls it. Undefined: it is being removed. Ending it twice changes nothing. */
  take(key: string, holder: string): (() => void) | undefined {
    if (this.#retiring.has(key)) return undefined;
    const holders = this.#held.get(key) ?? new Map<string, number>();
    this.#held.set(key, holders);
    holders.set(holder, (holders.get(holder) ?? 0) + 1);
    let isEnded = false;
    return () => {
      if (isEnded) return;
      isEnded = true;
      const left = (holders.get(holder) ?? 1) - 1;
      if (left > 0) holders.set(holder, left);
      else holders.delete(holder);
      if (holders.size === 0 && this.#held.get(key) === holders) this.#held.delete(key);
    };
  }

  /** The containers that stand on this host, all of them. */
  standing(containers: ReadonlyMap<string, ReadonlySet<string>>): void {
    this.#standing = new Map(containers);
    this.#isListed = true;
  }

  /** Until the containers were listed once, everything may be in use. */
  isLeased(key: string): boolean {
    return !this.#isListed || this.#held.has(key) || (this.#standing.get(key)?.size ?? 0) > 0;
  }

  /** The right to remove it: undefined when somebody uses it, or somebody else removes it. Given back when it is done. */
  retire(key: string): (() => void) | undefined {
    if (this.isLeased(key) || this.#retiring.has(key)) return undefined;
    this.#retiring.add(key);
    return () => void this.#retiring.delete(key);
  }
}

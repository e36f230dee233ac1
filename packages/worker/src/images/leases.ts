/**
 * Who uses which image. A lease is there before the engine is asked whether the image is, so that nothing of ours can
 * remove it between the answer and the container; what is being removed gets no new lease.
 */

import type { Digest } from "@haversack/protocol";

export class Leases {
  /** Of attempts: how many leases each holder has. */
  readonly #held = new Map<Digest, Map<string, number>>();
  /** Of containers that stand, as they were listed last. */
  #standing = new Map<Digest, ReadonlySet<string>>();
  readonly #retiring = new Set<Digest>();
  #isListed = false;

  /** Undefined: it is being removed. Ending it twice changes nothing. */
  take(digest: Digest, holder: string): (() => void) | undefined {
    if (this.#retiring.has(digest)) return undefined;
    const holders = this.#held.get(digest) ?? new Map<string, number>();
    this.#held.set(digest, holders);
    holders.set(holder, (holders.get(holder) ?? 0) + 1);
    let isEnded = false;
    return () => {
      if (isEnded) return;
      isEnded = true;
      const left = (holders.get(holder) ?? 1) - 1;
      if (left > 0) holders.set(holder, left);
      else holders.delete(holder);
      if (holders.size === 0 && this.#held.get(digest) === holders) this.#held.delete(digest);
    };
  }

  /** The containers that stand on this host, all of them. */
  standing(containers: ReadonlyMap<Digest, ReadonlySet<string>>): void {
    this.#standing = new Map(containers);
    this.#isListed = true;
  }

  /** Until the containers were listed once, everything may be in use. */
  isLeased(digest: Digest): boolean {
    return !this.#isListed || this.#held.has(digest) || (this.#standing.get(digest)?.size ?? 0) > 0;
  }

  /** The right to remove it: undefined when somebody uses it, or somebody else removes it. Given back when it is done. */
  retire(digest: Digest): (() => void) | undefined {
    if (this.isLeased(digest) || this.#retiring.has(digest)) return undefined;
    this.#retiring.add(digest);
    return () => void this.#retiring.delete(digest);
  }
}

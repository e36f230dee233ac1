/** Wakes those who watch a run. Waking is only a hint: whoever wakes reads the store again from its own position. */

import { Wakeup } from "@haversack/base";
import type { RunId } from "@haversack/protocol";

export class RunChanges {
  readonly #watchers = new Map<RunId, Set<Wakeup>>();

  ring(runs: readonly RunId[]): void {
    for (const run of runs) for (const wakeup of this.#watchers.get(run) ?? []) wakeup.ring();
  }

  /** A wake-up that rings at each change of the run, until it is disposed of. */
  watch(run: RunId): Disposable & { readonly wakeup: Wakeup } {
    const wakeup = new Wakeup();
    const all = this.#watchers.get(run) ?? new Set();
    all.add(wakeup);
    this.#watchers.set(run, all);
    return {
      wakeup,
      [Symbol.dispose]: () => {
        all.delete(wakeup);
        if (all.size === 0 && this.#watchers.get(run) === all) this.#watchers.delete(run);
      },
    };
  }
}

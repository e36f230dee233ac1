/** Holds the state and tells who looks at it. */

import { type Heard, reduce } from "./reduce.ts";
import { firstState, type State } from "./state.ts";

export interface Store {
  readonly state: () => State;
  readonly tell: (heard: Heard) => void;
  /** @returns the way to stop */
  readonly listen: (listener: () => void) => () => void;
}

export function createStore(): Store {
  let state = firstState;
  const listeners = new Set<() => void>();
  return {
    state: () => state,
    tell(heard) {
      const next = reduce(state, heard);
      if (next === state) return;
      state = next;
      for (const listener of listeners) listener();
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

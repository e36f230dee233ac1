/** Holds the state and tells who looks at it, ten times a second at most: a large fleet says more than anybody can read. */

import type { Clock, Ms } from "@haversack/base";
import { type Heard, reduce } from "./reduce.ts";
import { firstState, type State } from "./state.ts";

export interface Store {
  readonly state: () => State;
  readonly tell: (heard: Heard) => void;
  /** @returns the way to stop */
  readonly listen: (listener: () => void) => () => void;
}

const quietMs: Ms = 100;

export function createStore(clock: Pick<Clock, "after">): Store {
  let state = firstState;
  let isQuiet = false;
  let isMissed = false;
  const listeners = new Set<() => void>();
  const tellAll = (): void => {
    isMissed = isQuiet;
    if (isQuiet) return;
    isQuiet = true;
    clock.after(quietMs, () => {
      isQuiet = false;
      if (isMissed) tellAll();
    });
    for (const listener of listeners) listener();
  };
  return {
    state: () => state,
    tell(heard) {
      const next = reduce(state, heard);
      if (next === state) return;
      state = next;
      tellAll();
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** How views reach what the page knows and can do. */

import { createContext, useContext, useSyncExternalStore } from "react";
import type { Page } from "../api/page.ts";
import type { State } from "../store/state.ts";
import type { Store } from "../store/store.ts";

interface Reach {
  readonly page: Page;
  readonly store: Store;
}

export const PageContext = createContext<Reach | undefined>(undefined);

function useReach(): Reach {
  const reach = useContext(PageContext);
  if (reach === undefined) throw new Error("a view stands outside the page");
  return reach;
}

export const usePage = (): Page => useReach().page;

/** @param pick must answer the same object for the same state */
export function useStore<T>(pick: (state: State) => T): T {
  const { store } = useReach();
  return useSyncExternalStore(store.listen, () => pick(store.state()));
}

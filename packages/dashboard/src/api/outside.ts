/** What the page knows of the browser that it runs in: made in `main.tsx`, handed down. */

import type { Clock, Random } from "@haversack/base";

export interface Outside {
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction">;
  /** Where the token lies while the tab is open. */
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Of the coordinator: where the page came from. */
  readonly baseUrl: string;
  /** Whether somebody may be looking. */
  readonly isVisible: () => boolean;
  /** Calls when that changes. @returns the way to stop */
  readonly onVisible: (call: () => void) => () => void;
}

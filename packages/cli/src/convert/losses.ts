/** What of a Dagu file has no counterpart, with its place. */

import type { Problem } from "@haversack/protocol";
import type { Position } from "@haversack/snapshot";

export interface Losses {
  readonly found: readonly Problem[];
  lose(field: string, message: string): void;
}

export function createLosses(file: string, locate: (field: string) => Position): Losses {
  const found: Problem[] = [];
  return {
    found,
    lose(field, message) {
      found.push({ file, ...locate(field), field, code: "no_counterpart", message });
    },
  };
}

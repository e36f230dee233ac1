/** All benchmarks. */

import type { Bench } from "./bench.ts";
import { snapshot } from "./snapshot/snapshot.ts";

export const benches: readonly Bench[] = [snapshot];

/** All benchmarks. */

import type { Bench } from "./bench.ts";
import { dispatch } from "./dispatch/dispatch.ts";
import { snapshot } from "./snapshot/snapshot.ts";

export const benches: readonly Bench[] = [dispatch, snapshot];

/** What a coordinator can say about itself, and what has to be told to it for that. */

import type { Interceptor } from "@connectrpc/connect";
import type { Service } from "@haversack/base";
import type { Authenticate } from "../auth/authenticate.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Store } from "../store/store.ts";
import { countCalls } from "./count-calls.ts";
import { LoopWatch } from "./loop-watch.ts";
import { measured } from "./measured-store.ts";
import { CoordinatorMetrics } from "./metrics.ts";
import { ReadinessChecks, type ReadinessParts } from "./readiness.ts";
import type { HealthParts } from "./routes.ts";
import { tellMetrics } from "./tell-metrics.ts";

export interface CoordinatorHealth<S extends Store> {
  /** To be used in place of the one that was given: what passes it is counted. */
  readonly store: S;
  readonly readiness: ReadinessChecks;
  readonly loop: Service;
  readonly countCalls: Interceptor;
  readonly images: CoordinatorMetrics["images"];
  readonly routes: (registry: WorkerRegistry, authenticate: Authenticate) => HealthParts;
}

export function watchHealth<S extends Store>(
  parts: ReadinessParts & { readonly store: S },
): CoordinatorHealth<S> {
  const { clock } = parts.ports;
  const metrics = new CoordinatorMetrics();
  const store = measured(parts.store, metrics, clock);
  const readiness = new ReadinessChecks({ ...parts, store });
  const loop = new LoopWatch(clock);
  return {
    store,
    readiness,
    loop,
    countCalls: countCalls(metrics),
    images: metrics.images,
    routes(registry, authenticate) {
      const tell = tellMetrics({ metrics, store, registry, clock, authenticate });
      return { readiness, loop, metrics: tell };
    },
  };
}

/** Metrics for whoever may read them. */

import type { Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock } from "@haversack/base";
import { type Authenticate, credentialOf } from "../auth/authenticate.ts";
import { permits } from "../auth/permissions.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Store } from "../store/store.ts";
import { workerInfo } from "../watch/worker-info.ts";
import type { CoordinatorMetrics } from "./metrics.ts";

export interface TellMetricsParts {
  readonly metrics: CoordinatorMetrics;
  readonly store: Pick<Store, "read">;
  readonly registry: WorkerRegistry;
  readonly clock: Clock;
  readonly authenticate: Authenticate;
}

export const tellMetrics =
  ({ metrics, store, registry, clock, authenticate }: TellMetricsParts) =>
  async (authorization: string | undefined, socket: Socket): Promise<string> => {
    const peer = { address: socket.remoteAddress ?? "", socket };
    const { role } = await authenticate(credentialOf(authorization, peer));
    if (!permits(role, "metrics")) {
      throw new ConnectError(`the role ${role} may not read metrics`, Code.PermissionDenied);
    }
    const [{ ready, oldest }, workers] = await Promise.all([
      store.read.readyCount(),
      store.read.workersList(),
    ]);
    const oldestMs = oldest === undefined ? 0 : Math.max(0, clock.now() - oldest);
    const states = workers.map((worker) => {
      const { connected, availability } = workerInfo(worker, registry);
      return { state: connected ? "connected" : "away", availability };
    });
    return await metrics.text({ ready, oldestMs, workers: states });
  };

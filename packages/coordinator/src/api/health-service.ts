/** The standard health service: what a load balancer or `grpc_health_probe` asks. */

import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { type Clock, pause } from "@haversack/base";
import { type Health, HealthCheckResponse_ServingStatus } from "@haversack/protocol";
import type { ReadinessChecks } from "../health/readiness.ts";

const serving = HealthCheckResponse_ServingStatus.SERVING;
const notServing = HealthCheckResponse_ServingStatus.NOT_SERVING;

export interface HealthServiceParts {
  readonly readiness: Pick<ReadinessChecks, "look">;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
}

/** Between two looks of a watcher. */
const lookMs = 1000;

/**
 * It says what `/readyz` says.
 * @param services names that are known besides "", which stands for the whole process
 */
export function healthService(
  services: readonly string[],
  { readiness, clock, stopping }: HealthServiceParts,
): ServiceImpl<typeof Health> {
  const isReady = async () => ((await readiness.look()).ready ? serving : notServing);
  const known = (service: string): void => {
    if (service !== "" && !services.includes(service))
      throw new ConnectError("unknown service", Code.NotFound);
  };
  return {
    async check({ service }) {
      known(service);
      return { status: await isReady() };
    },
    async list() {
      const status = await isReady();
      return { statuses: Object.fromEntries(["", ...services].map((service) => [service, { status }])) };
    },
    async *watch({ service }, context) {
      known(service);
      const signal = AbortSignal.any([context.signal, stopping]);
      let told: HealthCheckResponse_ServingStatus | undefined;
      for (;;) {
        const status = await isReady();
        if (status !== told) yield { status };
        told = status;
        if (signal.aborted) return;
        await pause(clock, lookMs, signal).catch(() => {});
      }
    },
  };
}

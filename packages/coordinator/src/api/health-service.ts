/** The standard health service: what a load balancer or `grpc_health_probe` asks. */

import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { abortable } from "@haversack/base";
import { type Health, HealthCheckResponse_ServingStatus } from "@haversack/protocol";

const serving = HealthCheckResponse_ServingStatus.SERVING;
const notServing = HealthCheckResponse_ServingStatus.NOT_SERVING;

/** @param services names that are known besides "", which stands for the whole process */
export function healthService(
  services: readonly string[],
  stopping: AbortSignal,
): ServiceImpl<typeof Health> {
  const status = (service: string) => {
    if (service !== "" && !services.includes(service))
      throw new ConnectError("unknown service", Code.NotFound);
    return { status: stopping.aborted ? notServing : serving };
  };
  return {
    check: async ({ service }) => status(service),
    list: async () => ({
      statuses: Object.fromEntries(["", ...services].map((service) => [service, status(service)])),
    }),
    async *watch({ service }, context) {
      yield status(service);
      const never = new Promise<never>(() => {});
      await abortable(never, AbortSignal.any([context.signal, stopping])).catch(() => {});
    },
  };
}

/**
 * Ports of this host for a container. They are chosen here and not by the engine, which would choose anew at each start: a
 * deployment keeps its address when it is restarted.
 */

import { createServer } from "node:net";
import type { DeployWork } from "@haversack/protocol";
import type { ContainerView } from "../runtime/container.ts";

/** By port of the container: those of the container that is replaced, else free ones. */
export async function hostPortsFor(
  { ports, startFirst }: DeployWork,
  address: string,
  old: ContainerView | undefined,
): Promise<Map<number, number>> {
  const chosen = new Map<number, number>();
  for (const port of ports) {
    const before = startFirst ? undefined : old?.ports.find(({ containerPort }) => containerPort === port);
    const kept = before?.address === address ? before.hostPort : 0;
    chosen.set(port, kept === 0 ? await freePort(address) : kept);
  }
  return chosen;
}

/** 0: nobody can tell here, for the address is not of this machine; the engine chooses. */
async function freePort(address: string): Promise<number> {
  const server = createServer();
  const ready = Promise.withResolvers<number>();
  server.once("error", () => ready.resolve(0));
  server.listen({ host: address, port: 0 }, () => {
    const place = server.address();
    ready.resolve(place === null || typeof place === "string" ? 0 : place.port);
  });
  const port = await ready.promise;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

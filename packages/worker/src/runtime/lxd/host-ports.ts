/** Ports of this host: the engine chooses none, and is slow and vague about one that is taken. */

import { createServer } from "node:net";
import { messageOf, systemCodeOf } from "@haversack/base";
import type { PortSpec } from "../container.ts";
import { portTaken } from "../runtime-faults.ts";

/** With numbers. Two that ask at once may get one; the second start then says so. */
export async function numbered(ports: readonly PortSpec[]): Promise<PortSpec[]> {
  return await Promise.all(
    ports.map(async (port) => (port.hostPort === 0 ? { ...port, hostPort: await bound(port) } : port)),
  );
}

/** Rejects with `port_taken`. What else may be wrong with a port, the engine says. */
export async function expectFree(ports: readonly PortSpec[]): Promise<void> {
  for (const port of ports) {
    try {
      await bound(port);
    } catch (error) {
      if (systemCodeOf(error) !== "EADDRINUSE") continue;
      throw portTaken(messageOf(error), error);
    }
  }
}

/** The number, free again. */
async function bound({ address, hostPort }: PortSpec): Promise<number> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.once("error", (error) => listening.reject(error));
  server.listen(hostPort, address, () => listening.resolve());
  await listening.promise;
  const found = server.address();
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
  return typeof found === "object" && found !== null ? found.port : hostPort;
}

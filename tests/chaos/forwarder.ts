/** `node forwarder.ts HOST:PORT ...`: a port on loopback for each, whose connections lead there. Prints the ports. */

import { once } from "node:events";
import { connect, createServer } from "node:net";

const ports: number[] = [];
for (const target of process.argv.slice(2)) {
  const [host = "", port = ""] = target.split(":");
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on("error", () => {}).on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  ports.push(address !== null && typeof address === "object" ? address.port : 0);
}
process.stdout.write(`${JSON.stringify(ports)}\n`);

/** A way to a server that is cut after so many bytes, again and again, and counts what went through. */

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface TcpProxy extends AsyncDisposable {
  /** As the given address, through here. */
  readonly url: string;
  /** Towards the server, and from it. */
  readonly bytes: { readonly up: number; readonly down: number };
  readonly cuts: number;
}

/** @param cutAfter bytes in both directions together, of all connections, before each cut; none left: no more cuts */
export async function tcpProxy(given: string, cutAfter: number[]): Promise<TcpProxy> {
  const target = new URL(given);
  const pairs = new Set<readonly [Socket, Socket]>();
  const bytes = { up: 0, down: 0 };
  let cuts = 0;
  let sinceCut = 0;
  const cutAll = (): void => {
    for (const pair of pairs) for (const side of pair) side.destroy();
    pairs.clear();
  };
  const count = (way: "up" | "down", length: number): void => {
    bytes[way] += length;
    sinceCut += length;
    const [next] = cutAfter;
    if (next === undefined || sinceCut < next) return;
    cutAfter.shift();
    sinceCut = 0;
    cuts += 1;
    cutAll();
  };
  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = (): void => {
      for (const side of pair) side.destroy();
      pairs.delete(pair);
    };
    for (const side of pair) side.on("error", end).on("close", end);
    client.on("data", (data) => count("up", data.length)).pipe(upstream);
    upstream.on("data", (data) => count("down", data.length)).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const through = new URL(given);
  through.hostname = "127.0.0.1";
  through.port = String(typeof address === "object" ? address?.port : 0);
  return {
    url: through.origin,
    bytes,
    get cuts() {
      return cuts;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      cutAll();
    },
  };
}

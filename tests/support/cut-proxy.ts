/** A way to PostgreSQL that a test can cut: all at once, or inside a commit, before or after the server has heard of it. */

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export type Cut = "before the server hears" | "before the answer";

export interface CutProxy extends AsyncDisposable {
  /** As the given address, through here. */
  readonly url: string;
  /** What becomes of the next commits, in their order; afterwards all go through. */
  readonly cuts: Cut[];
  /** How many connections were cut inside a commit. */
  readonly bitten: number;
  cutAll(): void;
  /** From now on nobody gets through. */
  close(): void;
}

/** A simple query, as `pg` sends it. */
const commit = Buffer.from("commit\0");

export async function cutProxy(given: string): Promise<CutProxy> {
  const target = new URL(given);
  const socketFolder = target.searchParams.get("host");
  const port = Number(target.port === "" ? 5432 : target.port);
  const dial = (): Socket =>
    socketFolder === null
      ? connect({ host: target.hostname, port })
      : connect({ path: `${socketFolder}/.s.PGSQL.${port}` });
  const cuts: Cut[] = [];
  const pairs = new Set<readonly [Socket, Socket]>();
  let bitten = 0;
  const server = createServer((client) => {
    const upstream = dial();
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      pairs.delete(pair);
    };
    for (const side of pair) side.on("error", end).on("close", end);
    upstream.pipe(client);
    client.on("data", (data: Buffer) => {
      const cut = data.includes(commit) ? cuts.shift() : undefined;
      if (cut === undefined) {
        upstream.write(data);
        return;
      }
      bitten++;
      upstream.unpipe(client);
      if (cut === "before the server hears") end();
      else {
        // The answer comes when the transaction is durable; nobody else hears it.
        upstream.on("data", end).resume();
        upstream.write(data);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const through = new URL(given);
  through.hostname = "127.0.0.1";
  through.port = String(typeof address === "object" ? address?.port : 0);
  through.searchParams.delete("host");
  const cutAll = (): void => {
    for (const pair of pairs) for (const side of pair) side.destroy();
  };
  const close = (): void => {
    server.close();
    cutAll();
  };
  return {
    url: through.href,
    cuts,
    get bitten() {
      return bitten;
    },
    cutAll,
    close,
    [Symbol.asyncDispose]: async () => close(),
  };
}

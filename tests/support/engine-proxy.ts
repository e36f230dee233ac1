/** A way to the socket of an engine on which one request, or its answer, is held: an instant to kill the engine in. */

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface EngineProxy extends AsyncDisposable {
  /** `unix:///…` */
  readonly address: string;
  /**
   * The next request whose first line matches does not arrive, or its answer does not, until its engine is gone. Resolves when
   * it is held.
   */
  hold(what: "request" | "answer", line: RegExp): Promise<void>;
}

/** @param path of its own socket. @param engine `unix:///…` */
export async function engineProxy(path: string, engine: string): Promise<EngineProxy> {
  const target = engine.replace("unix://", "");
  const open = new Set<Socket>();
  let held: { what: "request" | "answer"; line: RegExp; begun: () => void } | undefined;
  const server = createServer((client) => {
    const upstream = connect(target);
    const end = (): void => {
      for (const side of [client, upstream]) {
        side.destroy();
        open.delete(side);
      }
    };
    for (const side of [client, upstream]) open.add(side.on("error", end).on("close", end));
    let isSilent = false;
    client.on("data", (data: Buffer) => {
      const isMeant = held?.line.test(data.toString("latin1").split("\r\n", 1)[0] ?? "") === true;
      if (!isMeant || held === undefined) return void upstream.write(data);
      const { what, begun } = held;
      held = undefined;
      if (what === "request") return begun();
      isSilent = true;
      upstream.once("data", begun);
      upstream.write(data);
    });
    upstream.on("data", (data: Buffer) => {
      if (!isSilent) client.write(data);
    });
  });
  server.listen(path);
  await once(server, "listening");
  return {
    address: `unix://${path}`,
    hold(what, line) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = { what, line, begun: resolve };
      return promise;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const side of open) side.destroy();
      await closed;
    },
  };
}

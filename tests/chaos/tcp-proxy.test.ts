import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { TcpProxy } from "./tcp-proxy.ts";

/** A server that answers with what it is told, behind a proxy. */
async function world() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as { port: number };
  const proxy = await TcpProxy.listen(() => address.port);
  const dial = async (): Promise<Socket> => {
    const socket = connect({ host: "127.0.0.1", port: proxy.port });
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  return {
    proxy,
    dial,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await proxy[Symbol.asyncDispose]();
      server.close();
    },
  };
}

/** A reset comes with an error, which is expected. */
const closing = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once("close", () => resolve()));

async function reads(socket: Socket, text: string): Promise<string> {
  let got = "";
  for await (const data of socket.iterator({ destroyOnReturn: false })) {
    got += String(data);
    if (got.length >= text.length) break;
  }
  return got;
}

describe("a link", () => {
  test("carries what it is given, and the end of it", async () => {
    await using link = await world();
    const socket = await link.dial();
    socket.end("hello");
    expect(await reads(socket, "hello")).toBe("hello");
    await closing(socket);
  });

  test("that is a hole holds everything back, and loses nothing of it", async () => {
    await using link = await world();
    const socket = await link.dial();
    socket.write("a");
    expect(await reads(socket, "a")).toBe("a");
    link.proxy.state = { kind: "hole", direction: "down" };
    socket.write("bcd");
    while (link.proxy.counts.held === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(socket.readableLength).toBe(0);
    link.proxy.state = { kind: "open" };
    expect(await reads(socket, "bcd")).toBe("bcd");
  });

  test("that is cut resets what is open and what is dialled", async () => {
    await using link = await world();
    const open = await link.dial();
    open.write("a");
    await reads(open, "a");
    const closed = closing(open);
    link.proxy.state = { kind: "cut" };
    await closed;
    const late = connect({ host: "127.0.0.1", port: link.proxy.port }).on("error", () => {});
    await closing(late);
    expect(link.proxy.counts.resets).toBeGreaterThanOrEqual(2);
  });

  test("that is slow gives the same bytes", async () => {
    await using link = await world();
    link.proxy.state = { kind: "slow", delayMs: () => 1 };
    const socket = await link.dial();
    const text = "0123456789".repeat(2000);
    socket.end(text);
    expect(await reads(socket, text)).toBe(text);
  });
});

import * as http2 from "node:http2";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { exerciseService } from "../../../../tests/support/exercise-service.ts";
import { FakeClock, until } from "../../../../tests/support/fake-clock.ts";
import {
  closedByPeer,
  dialHttp2,
  endHeaders,
  frame,
  frameTypes,
  requestHeaders,
} from "../../../../tests/support/raw-http2.ts";
import { foreignRequest } from "./guard.ts";
import { type Handler, HttpServer } from "./server.ts";

const answerVersion: Handler = (request, response) => {
  response.statusCode = 200;
  response.end(`HTTP/${request.httpVersion} ${request.url}`);
};

async function serve(handler: Handler = answerVersion) {
  const clock = new FakeClock();
  const server = new HttpServer({ host: "127.0.0.1", port: 0 }, handler, clock);
  await server.start();
  return {
    server,
    clock,
    url: server.url,
    port: Number(new URL(server.url).port),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function overHttp2(url: string, path: string): Promise<string> {
  const session = http2.connect(url);
  try {
    const stream = session.request({ ":path": path });
    return Buffer.concat(await stream.toArray()).toString();
  } finally {
    session.destroy();
  }
}

/** Writes the pieces one by one, each in a packet of its own, and answers with what comes back. */
async function inPieces(
  port: number,
  pieces: readonly string[],
  isEnough: (answer: string) => boolean,
): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let answer = "";
  socket.on("data", (data) => (answer += data.toString("latin1")));
  try {
    for (const piece of pieces) {
      await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
      // A turn of the server between two packets.
      await until(() => socket.bytesWritten > 0);
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => isEnough(answer) || socket.destroyed);
    return answer;
  } finally {
    socket.destroy();
  }
}

/** A peer that opens HTTP/2 and then does only what it is told to. */
async function silentPeer(port: number) {
  const socket = await dialHttp2(port);
  const closed = closedByPeer(socket);
  let isClosed = false;
  void closed.then(() => (isClosed = true));
  return { socket, closed, isClosed: () => isClosed };
}

describe("an HTTP/2 connection", () => {
  test("whose first request never comes whole is closed after 15 s (NE-8)", async () => {
    await using world = await serve();
    const peer = await silentPeer(world.port);
    peer.socket.write(frame("headers", 1, requestHeaders.subarray(0, 3)));
    // The session's; the one of the first bytes is gone.
    await until(() => world.clock.timers === 1 && world.clock.nextIn === 15_000);
    world.clock.advance(14_999);
    expect(peer.isClosed()).toBe(false);
    world.clock.advance(1);
    await peer.closed;
    expect(world.clock.timers).toBe(0);
  });

  test("is asked every 10 s whether somebody is there, and closed when nobody is (NE-11)", async () => {
    await using world = await serve();
    const peer = await silentPeer(world.port);
    let heard: Buffer = Buffer.alloc(0);
    peer.socket.on("data", (data: Buffer) => (heard = Buffer.concat([heard, data])));
    peer.socket.write(frame("headers", 1, requestHeaders, endHeaders));
    await until(() => heard.includes("HTTP/2.0 /") && world.clock.nextIn === 10_000);
    const before = heard.length;
    world.clock.advance(10_000);
    // 9 bytes of frame and 8 of the question.
    await until(() => heard.length >= before + 17);
    expect(heard.at(-14)).toBe(frameTypes.ping);
    peer.socket.write(frame("ping", 0, heard.subarray(-8), 1));
    await until(() => world.clock.timers === 1);
    world.clock.advance(10_000);
    await until(() => heard.length >= before + 34);
    expect(peer.isClosed()).toBe(false);
    world.clock.advance(10_000);
    await peer.closed;
    expect(world.clock.timers).toBe(0);
  });
});

describe("one port", () => {
  test("serves HTTP/1.1 and HTTP/2", async () => {
    await using world = await serve();
    expect(await (await fetch(`${world.url}/a`)).text()).toBe("HTTP/1.1 /a");
    expect(await overHttp2(world.url, "/b")).toBe("HTTP/2.0 /b");
  });

  test("tells them apart though the first bytes come one by one", async () => {
    await using world = await serve();
    const request = ["G", "E", "T", " / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"];
    expect(await inPieces(world.port, request, (answer) => answer.includes("HTTP/1.1 /"))).toContain(
      "200 OK",
    );
    // The preface of HTTP/2 and an empty SETTINGS frame; the answer begins with a SETTINGS frame of the server.
    const preface = ["P", "R", "I", " * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\x04\0\0\0\0\0"];
    const answer = await inPieces(world.port, preface, (answer) => answer.length >= 9);
    expect(answer.charCodeAt(3)).toBe(4);
  });

  test("gives up a connection that says nothing", async () => {
    await using world = await serve();
    const socket = connect(world.port, "127.0.0.1");
    await until(() => world.clock.timers === 1);
    world.clock.advance(15_000);
    await until(() => socket.destroyed || socket.readableEnded || socket.closed);
    socket.destroy();
  });

  test("forgets a connection that closes before it said enough", async () => {
    await using world = await serve();
    const socket = connect(world.port, "127.0.0.1", () => socket.end("GE"));
    await until(() => world.clock.timers === 1);
    await until(() => world.clock.timers === 0);
    socket.destroy();
  });

  test("that is taken is refused with what to do", async () => {
    await using world = await serve();
    const second = new HttpServer({ host: "127.0.0.1", port: world.port }, answerVersion, new FakeClock());
    await expect(second.start()).rejects.toMatchObject({
      fault: "unavailable",
      code: "cannot_listen",
      message: expect.stringMatching(
        /^cannot listen on 127\.0\.0\.1:\d+: another program listens there; stop it, or choose/,
      ),
    });
    await second.stop();
  });

  test("keeps the promises of a service, and is closed with open connections on it", async () => {
    await exerciseService(
      () => new HttpServer({ host: "127.0.0.1", port: 0 }, answerVersion, new FakeClock()),
    );
    const world = await serve(() => {});
    const waiting = fetch(world.url).catch((error: unknown) => error);
    await until(() => world.clock.timers === 0);
    await world.server.stop();
    expect(await waiting).toBeInstanceOf(Error);
  });
});

describe("requests of somebody else's page", () => {
  test.each([
    ["127.0.0.1:7420", undefined],
    ["localhost:7420", undefined],
    ["LOCALHOST", undefined],
    ["[::1]:7420", undefined],
    ["127.8.9.1", undefined],
    ["evil.example", "loopback names only"],
    ["localhost.evil.example", "loopback names only"],
    ["127.0.0.1.evil.example", "loopback names only"],
    ["evil.example:7420", "loopback names only"],
    ["127.0.0.1@evil.example", "loopback names only"],
    ["", "loopback names only"],
  ])("host %j: %s", (host, expected) => {
    const refusal = foreignRequest({ host });
    if (expected === undefined) expect(refusal).toBeUndefined();
    else expect(refusal).toContain(expected);
    expect(foreignRequest({ ":authority": host })).toBe(refusal);
  });

  test.each([
    ["http://localhost:7420", true],
    ["https://localhost:7420", true],
    ["http://localhost:7421", false],
    ["http://evil.example", false],
    ["null", false],
    ["", false],
    ["http://localhost:7420.evil.example", false],
    ["file://localhost:7420", false],
  ])("origin %j is ours: %s", (origin, isOurs) => {
    expect(foreignRequest({ host: "localhost:7420", origin }) === undefined).toBe(isOurs);
  });
});

// Less than the five seconds after which such a connection ends by itself.
test("a drain does not wait for connections of HTTP/1.1 that nobody uses", { timeout: 4000 }, async () => {
  await using served = await serve();
  const socket = connect({ port: served.port, host: "127.0.0.1" });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const answered = new Promise((resolve) => socket.once("data", resolve));
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await answered;
  // Its patience is on a clock that stands still.
  await served.server.stop("drain");
  await closed;
});

/** Peers that flood, stall or lie on the wire: they are cut off or refused, and everybody else is served meanwhile. */

import { once } from "node:events";
import * as http2 from "node:http2";
import { connect, type Socket } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Fleet, noSignal } from "../support/fleet.ts";
import { closedByPeer, dialHttp2, endHeaders, flood, frame, requestHeaders } from "../support/raw-http2.ts";

let fleet: Fleet;
let port: number;
let watch: Watch;

beforeAll(async () => {
  fleet = await Fleet.start();
  port = Number(new URL(fleet.url).port);
  watch = watchService();
});

afterAll(async () => {
  watch.stop();
  await fleet[Symbol.asyncDispose]();
});

interface Watch {
  /** Milliseconds of the slowest answer since it was asked last. */
  slowest(): number;
  stop(): void;
}

/** Somebody who asks all the time whether the coordinator lives, on a connection of its own. */
function watchService(): Watch {
  let slowestMs = 0;
  const stopping = new AbortController();
  const session = http2.connect(fleet.url);
  const ask = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const begun = performance.now();
      const stream = session.request({ ":path": "/livez" });
      expect(Buffer.concat(await stream.toArray()).toString()).toContain("ok");
      slowestMs = Math.max(slowestMs, performance.now() - begun);
    }
  };
  void ask().catch(() => (slowestMs = Infinity));
  return {
    slowest() {
      const ms = slowestMs;
      slowestMs = 0;
      return ms;
    },
    stop() {
      stopping.abort();
      session.destroy();
    },
  };
}

/** Generous, for a machine that does other things as well: what it must not be is seconds. */
const patienceMs = 2000;

afterEach(async () => {
  expect(watch.slowest()).toBeLessThan(patienceMs);
  const { runs } = await (await fleet.client()).runs({ pageSize: 1 }, noSignal);
  expect(runs.length).toBeLessThanOrEqual(1);
});

const headersOf = (stream: number, flags = endHeaders): Buffer =>
  frame("headers", stream, requestHeaders, flags);

const many = (count: number, make: (index: number) => Buffer): Iterable<Buffer> =>
  (function* () {
    for (let index = 0; index < count; index++) yield make(index);
  })();

describe("a flood on one connection ends that connection", () => {
  test.each<[string, Iterable<Buffer>]>([
    [
      "of streams that are reset at once (NE-1)",
      many(20_000, (index) =>
        Buffer.concat([headersOf(2 * index + 1), frame("reset", 2 * index + 1, Buffer.from([0, 0, 0, 8]))]),
      ),
    ],
    [
      "of headers that never end (NE-2)",
      (function* () {
        yield headersOf(1, 0);
        yield* many(20_000, () => frame("continuation", 1, Buffer.from([0x40, 1, 0x61, 1, 0x61])));
      })(),
    ],
    ["of settings, by a peer that reads no answer (NE-3)", many(200_000, () => frame("settings", 0))],
    [
      "of pings, by a peer that reads no answer (NE-3)",
      many(200_000, () => frame("ping", 0, Buffer.alloc(8))),
    ],
    [
      "of empty data (NE-4)",
      (function* () {
        yield headersOf(1);
        yield* many(200_000, () => frame("data", 1));
      })(),
    ],
  ])("%s", async (_, frames) => {
    const socket = await dialHttp2(port);
    await flood(socket, frames);
    await closedByPeer(socket);
  });

  test("of streams that stay open: a hundred are served, then it is closed (NE-5)", async () => {
    const session = http2.connect(fleet.url, { settings: { enablePush: false } });
    session.on("error", () => {});
    await once(session, "remoteSettings");
    expect(session.remoteSettings.maxConcurrentStreams).toBe(100);
    session.destroy();
    const socket = await dialHttp2(port);
    await flood(
      socket,
      many(5000, (index) => headersOf(2 * index + 1)),
    );
    await closedByPeer(socket);
  });
});

describe("headers", () => {
  const answerOf = async (headers: http2.OutgoingHttpHeaders): Promise<string> => {
    const session = http2.connect(fleet.url);
    session.on("error", () => {});
    try {
      const stream = session.request({ ":path": "/haversack.v1.RunService/List", ...headers });
      const answered = new Promise<string>((resolve) => {
        stream.once("response", (response) => resolve(String(response[":status"])));
        stream.once("error", () => resolve("refused"));
        stream.once("close", () => resolve("refused"));
      });
      return await answered;
    } finally {
      session.destroy();
    }
  };

  test("that are too many are refused (NE-6)", async () => {
    const pairs = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`x-${at}`, "1"]));
    expect(await answerOf(pairs)).toBe("refused");
  });

  test.each([20_000, 60_000])("of %i bytes are refused (NE-7)", async (bytes) => {
    expect(await answerOf({ "x-large": "a".repeat(bytes) })).toMatch(/^(431|refused)$/);
  });
});

describe("connections of nobody", () => {
  test("are few, and whoever is known is served all the same (NE-9)", async () => {
    const client = await fleet.client();
    await client.runs({ pageSize: 1 }, noSignal);
    const sockets: Socket[] = [];
    let closed = 0;
    try {
      for (let index = 0; index < 1000; index++) {
        const socket = connect({ host: "127.0.0.1", port });
        socket.on("error", () => {}).once("close", () => (closed += 1));
        socket.resume();
        sockets.push(socket);
      }
      await until(() => closed >= 1000 - 512);
      await client.runs({ pageSize: 1 }, noSignal);
      expect(closed).toBeLessThan(1000 - 400);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await until(() => closed === 1000);
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe("a call", () => {
  const call = async (
    headers: Record<string, string>,
    body: Uint8Array<ArrayBuffer> | string,
  ): Promise<Response> =>
    await fetch(`${fleet.url}/haversack.v1.RunService/List`, {
      method: "POST",
      headers: { authorization: `Bearer ${await fleet.token("admin")}`, ...headers },
      body,
    });
  const json = { "content-type": "application/json" };

  test.each(["600000", "99999999999", "-5", "soon"])(
    "with a deadline of %s ms is refused and not shortened (NE-14)",
    async (deadline) => {
      const answer = await call({ ...json, "connect-timeout-ms": deadline }, "{}");
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: "invalid_argument" });
    },
  );

  test("with a deadline that there is, is served", async () => {
    expect((await call({ ...json, "connect-timeout-ms": "10000" }, "{}")).status).toBe(200);
  });

  test("that is compressed is refused, so that none can grow here (NE-14)", async () => {
    const bomb = await promisify(gzip)(Buffer.alloc(100 * 1024 * 1024, 32));
    const answer = await call({ ...json, "content-encoding": "gzip" }, bomb);
    expect(answer.status).toBe(501);
    expect(await answer.json()).toMatchObject({ code: "unimplemented" });
  });

  test("that is larger than a message may be is refused", async () => {
    const answer = await call(json, `{"pageToken":"${"a".repeat(25 * 1024 * 1024)}"}`);
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({ code: "resource_exhausted" });
  });

  test("of a page of somebody else's is refused (NE-15)", async () => {
    const answer = await call({ ...json, origin: "http://evil.example" }, "{}");
    expect(answer.status).toBe(403);
  });
});

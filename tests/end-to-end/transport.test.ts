/**
 * Four ways in which a transport with its defaults fails a fleet, each with the connection that workers really use: a busy
 * stream starves the others; a far worker waits for windows; what is compressed is compressed again; bytes that are kept
 * pin the message that they came in.
 */

import * as http2 from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { systemClock } from "@haversack/base";
import {
  downwardFromWire,
  parseDigest,
  parseGeneration,
  parseRunId,
  parseStepId,
  WorkerService,
} from "@haversack/protocol";
import { expect, test } from "vitest";
import { createHandler } from "../../packages/coordinator/src/http/handler.ts";
import { HttpServer } from "../../packages/coordinator/src/http/server.ts";
import { Connection } from "../../packages/worker/src/session/dial.ts";
import { openAccess } from "../../packages/worker/src/testing/open-access.ts";
import { TcpProxy } from "../chaos/tcp-proxy.ts";
import { noSignal } from "../support/fleet.ts";

const ref = {
  runId: parseRunId("run"),
  stepId: parseStepId("step"),
  attempt: 1,
  generation: parseGeneration("1-a"),
};
const digest = parseDigest(`sha256:${"a".repeat(64)}`);
const piece = Buffer.alloc(64 * 1024, 1);
const mebibyte = 1024 * 1024;

/** A coordinator's listener in front of a service, and a worker's connection through a link. */
async function world(service: Partial<ServiceImpl<typeof WorkerService>>) {
  const handler = createHandler({
    routes: (router) => void router.service(WorkerService, service),
    interceptors: [],
    stopping: noSignal,
  });
  const server = new HttpServer({ host: "127.0.0.1", port: 0 }, handler, systemClock);
  await server.start();
  const link = await TcpProxy.listen(() => Number(new URL(server.url).port));
  const connection = new Connection([new URL(`http://127.0.0.1:${link.port}`)], openAccess());
  return {
    link,
    connection,
    url: server.url,
    async [Symbol.asyncDispose]() {
      connection.close();
      await link[Symbol.asyncDispose]();
      await server.stop("now");
    },
  };
}

/** More than a default window of 64 KiB and less than ours. */
async function* muchData(): AsyncIterable<{ data: Uint8Array }> {
  for (let count = 0; count < 32; count++) yield { data: piece };
}

test("a busy download holds up no answer on its connection", async () => {
  const asked = Promise.withResolvers<void>();
  const sent = Promise.withResolvers<void>();
  let link: TcpProxy | undefined;
  await using at = await world({
    async *getBlob() {
      await asked.promise;
      // The worker's word that there is room again is still on its way.
      if (link !== undefined) link.state = { kind: "hole", direction: "up" };
      yield* muchData();
      sent.resolve();
    },
    async *getSnapshot() {
      asked.resolve();
      await sent.promise;
      yield { data: Buffer.from("pack") };
    },
  });
  link = at.link;
  const blob = at.connection.getBlob(ref, digest, 0, noSignal)[Symbol.asyncIterator]();
  const first = blob.next();
  expect((await at.connection.getSnapshot(ref, digest, 100, noSignal)).length).toBe(4);
  at.link.state = { kind: "open" };
  await first;
  await blob.return?.();
});

test("a busy upload holds up no message on its connection", async () => {
  const all = Promise.withResolvers<void>();
  let link: TcpProxy | undefined;
  const arrived = Promise.withResolvers<void>();
  await using at = await world({
    async putBlob(requests) {
      if (link !== undefined) link.state = { kind: "hole", direction: "down" };
      for await (const _ of requests);
      return {};
    },
    async *getSnapshot() {
      arrived.resolve();
      yield { data: Buffer.from("pack") };
    },
  });
  link = at.link;
  const data = (async function* () {
    for (let count = 0; count < 32; count++) yield piece;
    all.resolve();
  })();
  const upload = at.connection.putBlob(ref, { digest, size: 2 * mebibyte }, data, noSignal);
  await all.promise;
  const pack = at.connection.getSnapshot(ref, digest, 100, noSignal);
  await arrived.promise;
  at.link.state = { kind: "open" };
  await Promise.all([upload, pack]);
});

test("a far worker is sent megabytes before it has to answer", async () => {
  let link: TcpProxy | undefined;
  await using at = await world({
    async *getBlob() {
      // From here on nothing comes back: what goes out is what fits into the windows.
      if (link !== undefined) link.state = { kind: "hole", direction: "up" };
      for (let count = 0; count < 32; count++) yield { data: piece };
    },
  });
  link = at.link;
  let bytes = 0;
  for await (const data of at.connection.getBlob(ref, digest, 0, noSignal)) bytes += data.length;
  expect(bytes).toBe(2 * mebibyte);
});

test("what a far worker sends arrives before it is answered", async () => {
  let link: TcpProxy | undefined;
  const arrived = Promise.withResolvers<number>();
  await using at = await world({
    async putBlob(requests) {
      if (link !== undefined) link.state = { kind: "hole", direction: "down" };
      let bytes = 0;
      for await (const { body } of requests) if (body.case === "data") bytes += body.value.length;
      arrived.resolve(bytes);
      return {};
    },
  });
  link = at.link;
  const data = (async function* () {
    for (let count = 0; count < 32; count++) yield piece;
  })();
  const upload = at.connection.putBlob(ref, { digest, size: 2 * mebibyte }, data, noSignal);
  expect(await arrived.promise).toBe(2 * mebibyte);
  at.link.state = { kind: "open" };
  await upload;
});

test("an answer is not compressed, though the worker would take it", async () => {
  await using at = await world({ getBlob: muchData });
  const session = http2.connect(at.url);
  try {
    const call = session.request({
      ":method": "POST",
      ":path": `/${WorkerService.typeName}/GetBlob`,
      "content-type": "application/grpc",
      "grpc-accept-encoding": "identity,gzip",
      te: "trailers",
    });
    call.end(Buffer.alloc(5));
    const headers = await new Promise<http2.IncomingHttpHeaders>((resolve) =>
      call.once("response", (answer) => resolve(answer)),
    );
    expect(headers["grpc-encoding"] ?? "identity").toBe("identity");
    let head = Buffer.alloc(0);
    for await (const data of call) {
      head = Buffer.concat([head, data as Buffer]);
      if (head.length >= 5) break;
    }
    // The first byte of a message: compressed or not.
    expect(head[0]).toBe(0);
  } finally {
    session.destroy();
  }
});

test("a pack that is kept shares no memory with the message that it came in", () => {
  const { output } = WorkerService.method.session;
  const gzip = Buffer.from("a pack, compressed");
  const wire = create(output, {
    body: {
      case: "tasks",
      value: {
        tasks: [
          {
            ref: { runId: "run", stepId: "step", attempt: 1, generation: "1-a" },
            kind: { case: "agent", value: { prompt: "hello" } },
            snapshot: {
              formatVersion: 1,
              digest: Buffer.alloc(32, 7),
              compressedSize: BigInt(gzip.length),
              uncompressedSize: 100n,
              gzip,
            },
          },
        ],
      },
    },
  });
  const received = toBinary(output, wire);
  const message = downwardFromWire(fromBinary(output, received));
  received.fill(0);
  const work = message?.kind === "tasks" ? message.tasks[0]?.work : undefined;
  const kept = work?.kind === "agent" ? work.snapshot.gzip : undefined;
  expect(Buffer.from(kept ?? []).toString()).toBe("a pack, compressed");
  expect(kept?.buffer.byteLength).toBe(gzip.length);
});

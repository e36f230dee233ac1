import { FaultError } from "@haversack/base";
import { type Downward, parseWorkerId, type WorkerId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { FakeClock, until } from "../../../../tests/support/fake-clock.ts";
import { WorkerLink } from "../dispatch/worker-link.ts";
import type { DeploymentRow } from "../runs/deployment-row.ts";
import { rowOf } from "../testing/deployment-samples.ts";
import { helloOf } from "../testing/fleet-samples.ts";
import { DeploymentLogs, type LogPiece } from "./deployment-logs.ts";

const [w, v] = [parseWorkerId("w"), parseWorkerId("v")];
const signal = () => new AbortController().signal;

function setup(row: DeploymentRow = rowOf(), connected = true) {
  const clock = new FakeClock();
  const link = new WorkerLink(helloOf("w"), clock);
  const told: Downward[] = [];
  void (async () => {
    for await (const message of link.outgoing()) told.push(message);
  })();
  const logs = new DeploymentLogs({
    clock,
    registry: { get: (id: WorkerId) => (connected && id === w ? link : undefined) },
    store: { read: { deploymentRead: async () => ({ row, workerName: "box" }) } },
  });
  const orders = () => told.flatMap((message) => (message.kind === "deploymentLog" ? [message.order] : []));
  const read = (ended = signal(), more: { tail?: number; follow?: boolean } = {}) =>
    logs.read({ name: "web", tail: 0, follow: false, ...more }, ended)[Symbol.asyncIterator]();
  return { clock, link, logs, orders, read };
}

async function* pieces(id: number, ...texts: string[]): AsyncIterable<LogPiece> {
  for (const text of texts) yield { id, data: Buffer.from(text), failure: "" };
}

test("a reader gets what the worker sends under the number of its order, and the worker is told when it is gone", async () => {
  const { logs, orders, read } = setup();
  const reader = read(signal(), { tail: 5, follow: true });
  const first = reader.next();
  await until(() => orders().length === 1);
  expect(orders()).toMatchObject([{ name: "web", revision: 2, tail: 5, follow: true, end: false }]);
  const id = orders()[0]?.id ?? 0;
  const sending = logs.receive(w, pieces(id, "one", "two", "three"));
  expect(Buffer.from((await first).value).toString()).toBe("one");
  await reader.return?.();
  await sending;
  expect(orders().at(-1)).toMatchObject({ id, end: true });
});

test("nobody answers for another worker, without being asked, or twice", async () => {
  const { logs, orders, read } = setup();
  const reader = read();
  const first = reader.next();
  await until(() => orders().length === 1);
  const id = orders()[0]?.id ?? 0;
  const denied = { fault: "denied", code: "no_log_order" };
  await expect(logs.receive(v, pieces(id, "x"))).rejects.toMatchObject(denied);
  await expect(logs.receive(w, pieces(id + 1, "x"))).rejects.toMatchObject(denied);
  const sending = logs.receive(w, pieces(id, "mine"));
  expect(Buffer.from((await first).value).toString()).toBe("mine");
  await expect(logs.receive(w, pieces(id, "again"))).rejects.toMatchObject(denied);
  await sending;
  expect((await reader.next()).done).toBe(true);
});

test("a worker that does not answer, goes away, or cannot read is told to the reader", async () => {
  const silent = setup();
  const waiting = silent.read().next();
  await until(() => silent.orders().length === 1);
  silent.clock.advance(10_001);
  await expect(waiting).rejects.toMatchObject({ code: "log_unavailable" });
  const away = setup();
  const cut = away.read().next();
  await until(() => away.orders().length === 1);
  away.link.end();
  await expect(cut).rejects.toThrow("its worker went away");
  const unable = setup();
  const failed = unable.read().next();
  await until(() => unable.orders().length === 1);
  const failure = async function* (): AsyncIterable<LogPiece> {
    yield { id: unable.orders()[0]?.id ?? 0, data: new Uint8Array(), failure: "no such container" };
  };
  const telling = unable.logs.receive(w, failure());
  await expect(failed).rejects.toThrow("no such container");
  await telling;
});

test("what stands nowhere, or with a worker that is not here, has no log; readers are few", async () => {
  const { workerId: _, ...gone } = rowOf({ revision: 0, state: "absent" });
  await expect(setup(gone).read().next()).rejects.toMatchObject({ fault: "missing" });
  await expect(setup(rowOf(), false).read().next()).rejects.toThrow(
    "box is not connected to this coordinator",
  );
  const many = setup();
  const readers = Array.from({ length: 64 }, () => many.read());
  const waiting = readers.map((reader) => reader.next());
  await until(() => many.orders().length === 64);
  await expect(many.read().next()).rejects.toBeInstanceOf(FaultError);
  many.link.end();
  await Promise.allSettled(waiting);
});

import {
  batchItemsMax,
  batchPackBytesMax,
  downwardToWire,
  messageBytesMax,
  parseDigest,
  type Task,
} from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { helloOf, refOf, rest, taskOf } from "../testing/fleet-samples.ts";
import { WorkerLink } from "./worker-link.ts";
import { WorkerRegistry } from "./worker-registry.ts";

const clock = new FakeClock();
const linkOf = (...args: Parameters<typeof helloOf>) => new WorkerLink(helloOf(...args), clock);

describe("credits", () => {
  test("are the total that was granted less the total that was sent", () => {
    const link = linkOf("w");
    link.greeted();
    link.grant(3);
    expect(link.credits).toBe(3);
    link.sendTasks([taskOf("a"), taskOf("b")]);
    expect(link.credits).toBe(1);
    link.grant(4);
    expect(link.credits).toBe(2);
  });

  test("a grant that comes late or twice takes nothing back and gives nothing", () => {
    const link = linkOf("w");
    link.greeted();
    link.grant(4);
    link.grant(2);
    link.grant(4);
    expect(link.credits).toBe(4);
  });

  test("there are none before the hello is answered, and none after the end", () => {
    const link = linkOf("w");
    link.grant(4);
    expect(link.credits).toBe(0);
    link.greeted();
    expect(link.credits).toBe(4);
    link.end();
    expect(link.credits).toBe(0);
  });
});

const bytesOf = (tasks: readonly Task[]) =>
  JSON.stringify(downwardToWire({ kind: "tasks", tasks }), (_, value: unknown) => {
    if (typeof value === "bigint") return Number(value);
    return value instanceof Uint8Array ? "x".repeat(value.length) : value;
  }).length;

const size = fc.oneof(fc.nat(100), fc.integer({ min: 100_000, max: 400_000 }));
const task = fc
  .record({ script: size, env: size, pack: fc.option(size), schema: size })
  .map(({ script, env, pack, schema }): Task => {
    const common = { env: new Map([["TEXT", "e".repeat(env)]]) };
    if (pack === null) {
      const work = { kind: "run", script: "s".repeat(script), shell: ["sh"], workdir: "" } as const;
      return taskOf("t", { ...common, work });
    }
    const gzip = new Uint8Array(Math.min(pack, 256 * 1024));
    const digest = parseDigest(`sha256:${"a".repeat(64)}`);
    const snapshot = { formatVersion: 1, digest, compressedSize: gzip.length, uncompressedSize: 1, gzip };
    const outputSchema = { description: "d".repeat(schema) };
    return taskOf("t", {
      ...common,
      work: { kind: "agent", prompt: "p".repeat(script), snapshot, outputSchema },
    });
  });

test("tasks leave in order, in messages that are within every limit", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(task, { maxLength: 80, size: "max" }), async (tasks) => {
      const link = linkOf("w");
      link.sendTasks(tasks);
      const messages = (await rest(link)).map((message) => (message.kind === "tasks" ? message.tasks : []));
      expect(messages.flat()).toEqual(tasks);
      for (const batch of messages) {
        expect(batch.length).toBeLessThanOrEqual(batchItemsMax);
        expect(bytesOf(batch)).toBeLessThanOrEqual(messageBytesMax);
        const packs = batch.map(({ work }) =>
          work.kind === "agent" ? (work.snapshot.gzip?.length ?? 0) : 0,
        );
        expect(packs.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(batchPackBytesMax);
      }
    }),
    { numRuns: 30 },
  );
});

describe("the outbox", () => {
  test("is read in the order in which it was filled, also by a reader that waits", async () => {
    const link = linkOf("w");
    const seen: string[] = [];
    const reading = (async () => {
      for await (const message of link.outgoing()) seen.push(message.kind);
    })();
    link.send({ kind: "heartbeatAck", seq: 1 });
    await Promise.resolve();
    link.cancel([refOf("a")]);
    link.cancel([]);
    link.sendTasks([taskOf("a")]);
    link.goodbye("bye", 100);
    await reading;
    expect(seen).toEqual(["heartbeatAck", "cancels", "tasks", "goodbye"]);
  });

  test("takes nothing after the goodbye, which is the last that is said", async () => {
    const link = linkOf("w");
    link.goodbye("bye", 100, true);
    link.send({ kind: "heartbeatAck", seq: 1 });
    expect(await rest(link)).toEqual([{ kind: "goodbye", reason: "bye", retryAfterMs: 100, final: true }]);
  });

  test("of a reader that never reads is bounded: the session ends", () => {
    const link = linkOf("w");
    for (let seq = 0; seq < 10_000; seq++) link.send({ kind: "heartbeatAck", seq });
    expect(link.ended.aborted).toBe(false);
    link.send({ kind: "heartbeatAck", seq: 10_000 });
    expect(link.ended.aborted).toBe(true);
  });
});

describe("the registry", () => {
  test("a newer session of one worker takes the place of the older, which may dial again", async () => {
    const registry = new WorkerRegistry(12_500);
    const [older, newer] = [linkOf("w"), linkOf("w")];
    registry.add(older);
    registry.add(newer);
    expect(registry.all()).toEqual([newer]);
    expect(await rest(older)).toMatchObject([{ kind: "goodbye", final: false }]);
  });

  test("another process under the same id makes the older one give up", async () => {
    const registry = new WorkerRegistry(12_500);
    const older = linkOf("w");
    registry.add(older);
    registry.add(linkOf("w", { bootId: helloOf("other").bootId }));
    expect(await rest(older)).toMatchObject([{ kind: "goodbye", final: true }]);
  });

  test("a link that has been replaced does not remove its successor", () => {
    const registry = new WorkerRegistry(12_500);
    const [older, newer] = [linkOf("w"), linkOf("w")];
    registry.add(older);
    registry.add(newer);
    registry.remove(older);
    expect(registry.get(newer.hello.workerId)).toBe(newer);
    registry.remove(newer);
    expect(registry.all()).toEqual([]);
  });

  test("the view shows what placement needs, and packs that were sent meanwhile", () => {
    const registry = new WorkerRegistry(12_500);
    const link = linkOf("w", { snapshotFeatures: ["skills"] });
    registry.add(link);
    link.greeted();
    link.grant(2);
    const digest = parseDigest(`sha256:${"a".repeat(64)}`);
    link.holds([digest]);
    link.imagesReady = new Set(["base"]);
    expect(registry.view()).toEqual([
      {
        id: "w",
        name: "w",
        labels: link.hello.labels,
        credits: 2,
        snapshotMinVersion: 1,
        snapshotMaxVersion: 1,
        snapshotFeatures: ["skills"],
        snapshotsHeld: new Set([digest]),
        imagesReady: new Set(["base"]),
      },
    ]);
  });

  test("what a worker says that it holds is bounded: what was told last counts", () => {
    const digests = Array.from({ length: 4097 }, (_, index) => {
      return parseDigest(`sha256:${index.toString(16).padStart(64, "0")}`);
    });
    const link = linkOf("w", { snapshotsHeld: digests.slice(0, 4096) });
    link.holds(digests.slice(0, 1));
    link.holds(digests.slice(4096));
    expect(link.snapshotsHeld.size).toBe(4096);
    expect(link.snapshotsHeld.has(digests[0] ?? "")).toBe(true);
    expect(link.snapshotsHeld.has(digests[1] ?? "")).toBe(false);
  });

  test("a worker that is silent gets no tasks, and is dismissed when its leases have ended", async () => {
    const registry = new WorkerRegistry(12_500);
    const link = linkOf("w");
    registry.add(link);
    link.greeted();
    link.grant(2);
    clock.advance(12_499);
    expect(registry.view()[0]?.credits).toBe(2);
    clock.advance(1);
    expect(registry.view()[0]?.credits).toBe(0);
    link.heard();
    expect(registry.view()[0]?.credits).toBe(2);
    clock.advance(30_000);
    registry.endSilent(30_000);
    expect(link.ended.aborted).toBe(false);
    clock.advance(1);
    registry.endSilent(30_000);
    expect(await rest(link)).toMatchObject([{ kind: "goodbye", final: false }]);
  });
});

describe("what an operator wants of a worker", () => {
  const order = { cordonedAt: 1, reason: "", draining: false, drainUntil: undefined };

  test("closes it and opens it again; an order that is older than the last changes nothing", async () => {
    const link = linkOf("w");
    link.greeted();
    link.grant(2);
    link.order({ ...order, no: 1, draining: true, drainUntil: 150 }, 100);
    link.order({ ...order, no: 1, cordonedAt: undefined }, 100);
    expect([link.credits, link.isCordoned]).toEqual([0, true]);
    link.order({ ...order, no: 2, cordonedAt: undefined }, 100);
    link.order({ ...order, no: 1 }, 100);
    link.order(undefined, 100);
    expect([link.credits, link.isCordoned]).toEqual([2, false]);
    link.end();
    expect(await rest(link)).toEqual([
      { kind: "availability", cordoned: true, draining: true, endInMs: 50 },
      { kind: "availability", cordoned: false, draining: false },
    ]);
  });

  test("a worker that stops has no credits left", () => {
    const link = linkOf("w");
    link.greeted();
    link.grant(2);
    link.grant(2, true);
    expect([link.credits, link.isStopping, link.isCordoned]).toEqual([0, true, false]);
  });
});

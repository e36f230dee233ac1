import { getEventListeners } from "node:events";
import { type Digest, type Downward, parseBootId, parseDigest, type WorkerHello } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeClock, fakePorts, until } from "../../../../tests/support/fake-clock.ts";
import { leaseTimes } from "../runs/lease.ts";
import { helloOf, resultOf, stepOf } from "../testing/fleet-samples.ts";
import { openRealStores, type RealStores } from "../testing/real-store.ts";
import { Said } from "../testing/said.ts";
import { LeaseClock } from "./lease-clock.ts";
import { serveSession } from "./session.ts";
import { WorkerLink } from "./worker-link.ts";
import { WorkerRegistry } from "./worker-registry.ts";

let stores: RealStores;
beforeAll(async () => {
  stores = await openRealStores();
});
afterAll(() => stores.close());

let count = 0;
const unchanged = { snapshotsAdded: [], snapshotsEvicted: [] };

/** A session of a worker of its own; its answers are collected as they come. */
function dial(options: { name?: string; boot?: string; registry?: WorkerRegistry } = {}) {
  const name = options.name ?? `w${++count}`;
  const hello = helloOf(name, options.boot === undefined ? {} : { bootId: parseBootId(options.boot) });
  const clock = new FakeClock();
  const registry = options.registry ?? new WorkerRegistry(12_500);
  const stopping = new AbortController();
  const said = new Said();
  const answers: Downward[] = [];
  let rings = 0;
  const parts = {
    store: stores.store,
    logs: stores.logs,
    registry,
    leases: new LeaseClock(leaseTimes(30_000), clock),
    ports: fakePorts(clock),
    version: "test",
    ring: () => void rings++,
    admit: (hello: WorkerHello) => hello,
  };
  const ended = (async () => {
    for await (const message of serveSession(parts, said, stopping.signal)) answers.push(message);
  })();
  ended.catch(() => {});
  const answer = async <K extends Downward["kind"]>(kind: K) => {
    await until(() => answers.some((each) => each.kind === kind), kind);
    const at = answers.findIndex((each) => each.kind === kind);
    return answers.splice(at, 1)[0] as Extract<Downward, { kind: K }>;
  };
  const greet = async (held: typeof hello.held = []) => {
    said.say({ kind: "hello", hello: { ...hello, held } });
    return await answer("welcome");
  };
  return { hello, clock, registry, stopping, said, answers, ended, answer, greet, rings: () => rings };
}

describe("the beginning of a session", () => {
  test("is a hello, answered with a welcome that says how long a lease is", async () => {
    const session = dial();
    const { welcome } = await session.greet();
    expect(welcome).toEqual({
      generation: stores.store.generation,
      coordinatorVersion: "test",
      leaseTtlMs: 30_000,
      heartbeatIntervalMs: 5000,
    });
    expect(session.registry.all()).toHaveLength(1);
    expect(session.rings()).toBe(1);
    session.said.hangUp();
    await session.ended;
  });

  test("is refused when it is anything else", async () => {
    const session = dial();
    session.said.say({ kind: "credits", grantedTotal: 3 });
    await expect(session.ended).rejects.toMatchObject({ fault: "invalid", code: "no_hello" });
    expect(session.registry.all()).toEqual([]);
  });

  test("a stream that ends before it said anything is no session", async () => {
    const session = dial();
    session.said.hangUp();
    await session.ended;
    expect(session.answers).toEqual([]);
  });

  test("names what the worker holds and the store does not know", async () => {
    const session = dial();
    const ref = { ...resultOf(await claimFor(session)).ref, attempt: 9 };
    await session.greet([ref]);
    expect(await session.answer("refusals")).toEqual({
      kind: "refusals",
      refusals: [{ ref, reason: "unknown" }],
    });
    session.said.hangUp();
    await session.ended;
  });
});

async function claimFor(session: ReturnType<typeof dial>, index = 0, ...steps: ReturnType<typeof stepOf>[]) {
  const run = await stores.submit(session.clock.now(), ...(steps.length > 0 ? steps : [stepOf("a")]));
  return await stores.claim(run, index, session.hello, session.clock.now());
}

describe("what a worker says", () => {
  test("a second hello ends the session", async () => {
    const session = dial();
    await session.greet();
    session.said.say({ kind: "hello", hello: session.hello });
    await session.ended;
    expect(session.registry.all()).toEqual([]);
  });

  test("credits let tasks flow, and wake the dispatcher", async () => {
    const session = dial();
    await session.greet();
    session.said.say({ kind: "credits", grantedTotal: 3 });
    await until(() => session.registry.view()[0]?.credits === 3);
    expect(session.rings()).toBe(2);
    session.said.hangUp();
    await session.ended;
  });

  test("a heartbeat is acknowledged after its renewals are stored", async () => {
    const session = dial();
    await session.greet();
    const ref = await claimFor(session);
    session.clock.advance(29_000);
    session.said.say({ kind: "heartbeat", seq: 7, held: [ref], ...unchanged });
    expect(await session.answer("heartbeatAck")).toEqual({ kind: "heartbeatAck", seq: 7 });
    const now = session.clock.now() + 29_000;
    const { expired } = await stores.store.write.leasesExpire({ now, leaseNow: now, limit: 1000 });
    expect(expired.map(({ ref }) => ref)).not.toContainEqual(ref);
    session.said.hangUp();
    await session.ended;
  });

  test("heartbeats of a large fleet wait for each other, and hold up nothing else", async () => {
    const registry = new WorkerRegistry(12_500);
    const others = Array.from({ length: 32 }, () => helloOf(`w${++count}`));
    for (const hello of others) registry.add(new WorkerLink(hello, new FakeClock()));
    const session = dial({ registry });
    await session.greet();
    const [ended, ref] = [await claimFor(session), await claimFor(session)];
    registry.get(session.hello.workerId)?.own([ended, ref]);
    session.said.say({ kind: "heartbeat", seq: 7, held: [ended, ref], ...unchanged });
    const result = { ref: ended, outcome: "succeeded", outputs: new Map(), artifacts: [], logs: [] } as const;
    session.said.say({ kind: "results", results: [result] });
    expect(await session.answer("resultAcks")).toEqual({ kind: "resultAcks", refs: [ended] });
    expect(session.answers).toEqual([]);
    session.clock.advance(250);
    expect(await session.answer("heartbeatAck")).toEqual({ kind: "heartbeatAck", seq: 7 });
    // What ended meanwhile is refused to nobody.
    expect(session.answers).toEqual([]);
    session.said.hangUp();
    await session.ended;
  });

  test("a heartbeat tells what came into the worker's cache and what left it", async () => {
    const session = dial();
    await session.greet();
    const [first, second] = ["a", "b"].map((letter) => parseDigest(`sha256:${letter.repeat(64)}`));
    const beat = async (added: (Digest | undefined)[], evicted: (Digest | undefined)[]) => {
      const changes = { snapshotsAdded: added as Digest[], snapshotsEvicted: evicted as Digest[] };
      session.said.say({ kind: "heartbeat", seq: 1, held: [], ...changes });
      await session.answer("heartbeatAck");
      return [...(session.registry.view()[0]?.snapshotsHeld ?? [])];
    };
    expect(await beat([first, second], [])).toEqual([first, second]);
    expect(await beat([], [first])).toEqual([second]);
    expect(await beat([first], [second])).toEqual([first]);
    session.said.hangUp();
    await session.ended;
  });

  test("a heartbeat learns which attempts were cancelled and which are not its own", async () => {
    const session = dial();
    await session.greet();
    const ref = await claimFor(session);
    const foreign = await claimFor(dial());
    await stores.store.write.runCancel({ id: ref.runId, now: session.clock.now() });
    session.said.say({ kind: "heartbeat", seq: 1, held: [ref, foreign], ...unchanged });
    expect(await session.answer("cancels")).toEqual({ kind: "cancels", refs: [ref] });
    expect(await session.answer("refusals")).toMatchObject({
      refusals: [{ ref: foreign, reason: "unknown" }],
    });
    session.said.hangUp();
    await session.ended;
  });

  test("a start is stored; one of another worker's attempt ends the session (A1)", async () => {
    const session = dial();
    await session.greet();
    const [ref, foreign] = [await claimFor(session), await claimFor(dial())];
    session.said.say({ kind: "started", refs: [ref, foreign] });
    await expect(session.ended).rejects.toMatchObject({ fault: "denied", code: "not_yours" });
    expect(await stores.phases(ref.runId)).toBe("running a=running");
    expect(await stores.phases(foreign.runId)).toBe("running a=leased");
  });

  test("a result is acknowledged once it is stored, and again when it comes again; another is a conflict (L4)", async () => {
    const session = dial();
    await session.greet();
    const ref = await claimFor(session);
    const result = resultOf(ref, {
      outputs: new Map([
        ["a", 1],
        ["b", 2],
      ]),
    });
    session.said.say({ kind: "results", results: [result] });
    expect(await session.answer("resultAcks")).toEqual({ kind: "resultAcks", refs: [ref] });
    expect(await stores.phases(ref.runId)).toBe("succeeded a=succeeded");
    const again = {
      ...result,
      outputs: new Map([
        ["b", 2],
        ["a", 1],
      ]),
    };
    session.said.say({ kind: "results", results: [again] });
    expect(await session.answer("resultAcks")).toEqual({ kind: "resultAcks", refs: [ref] });
    session.said.say({ kind: "results", results: [resultOf(ref, { outcome: "failed" })] });
    expect(await session.answer("refusals")).toMatchObject({ refusals: [{ ref, reason: "conflict" }] });
    session.said.hangUp();
    await session.ended;
  });

  test("a failure message without end is cut where it is stored", async () => {
    const session = dial();
    await session.greet();
    const ref = await claimFor(session);
    const failure = { code: "exit_code", message: "x".repeat(100_000) };
    session.said.say({ kind: "results", results: [resultOf(ref, { outcome: "failed", failure })] });
    await session.answer("resultAcks");
    const run = await stores.store.read.runRead({ id: ref.runId });
    expect(run.steps[0]?.failure?.message.length).toBeLessThan(4100);
    session.said.hangUp();
    await session.ended;
  });

  test("logs are acknowledged with how far they are stored; a gap is asked for", async () => {
    const session = dial();
    await session.greet();
    const ref = await claimFor(session);
    session.registry.get(session.hello.workerId)?.own([ref]);
    const chunk = (offset: number, text: string) =>
      ({ ref, stream: "stdout", offset, data: Buffer.from(text) }) as const;
    session.said.say({ kind: "logs", chunks: [chunk(0, "hello "), chunk(3, "lo world"), chunk(99, "far")] });
    const { acks } = await session.answer("logAcks");
    expect(acks.map(({ nextOffset }) => nextOffset)).toEqual([6, 11, 11]);
    const query = { runId: ref.runId, stepId: "", after: 0, limit: 10 };
    const pieces = await stores.logs.read.logsRead(query);
    expect(Buffer.concat(pieces.map(({ data }) => data)).toString()).toBe("hello world");
    session.said.hangUp();
    await session.ended;
  });
});

describe("the log of an attempt that is another worker's", () => {
  test("is refused, and nothing of it is stored (A1)", async () => {
    const owner = dial();
    await owner.greet();
    const ref = await claimFor(owner);
    const thief = dial();
    await thief.greet();
    thief.said.say({ kind: "logs", chunks: [{ ref, stream: "stdout", offset: 0, data: Buffer.from("x") }] });
    await expect(thief.ended).rejects.toMatchObject({ fault: "denied", code: "not_yours" });
    const query = { runId: ref.runId, stepId: "", after: 0, limit: 10 };
    expect(await stores.logs.read.logsRead(query)).toEqual([]);
    owner.said.hangUp();
    await owner.ended;
  });
});

describe("the end of a session", () => {
  test("by the coordinator leaves no listener and nobody in the registry", async () => {
    const session = dial();
    await session.greet();
    expect(getEventListeners(session.stopping.signal, "abort")).toHaveLength(1);
    session.stopping.abort();
    await session.ended;
    expect(getEventListeners(session.stopping.signal, "abort")).toHaveLength(0);
    expect(session.registry.all()).toEqual([]);
  });

  test("by a signal that had fired already comes at once", async () => {
    const session = dial();
    session.stopping.abort();
    session.said.say({ kind: "hello", hello: session.hello });
    await session.ended;
    expect(session.registry.all()).toEqual([]);
  });

  test("of a worker that dials again does not wait for the older stream to say something", async () => {
    const older = dial({ name: "again" });
    await older.greet();
    const newer = dial({ name: "again", registry: older.registry });
    await newer.greet();
    await older.ended;
    expect(await older.answer("goodbye")).toMatchObject({ final: false });
    expect(older.registry.all()).toHaveLength(1);
    newer.said.hangUp();
    await newer.ended;
    expect(older.registry.all()).toEqual([]);
  });
});

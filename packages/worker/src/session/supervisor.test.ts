import {
  type CacheChanges,
  parseBootId,
  parseDigest,
  parseWorkerId,
  type WorkerHello,
} from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { FakeClock, fakePorts, fakeRandom, until } from "../../../../tests/support/fake-clock.ts";
import { refOf } from "../testing/attempt-world.ts";
import { FakeDial } from "../testing/fake-stream.ts";
import { LeaseWatch } from "./lease-watch.ts";
import { superviseSession } from "./supervisor.ts";
import { Uplink } from "./uplink.ts";

const hello: WorkerHello = {
  workerId: parseWorkerId("w"),
  bootId: parseBootId("b"),
  name: "w",
  version: "test",
  labels: new Map(),
  slots: 1,
  snapshotMinVersion: 1,
  snapshotMaxVersion: 1,
  snapshotFeatures: [],
  snapshotsHeld: [],
  held: [],
};

function supervise(held = [refOf("a")].slice(1), fraction = 0.999_999) {
  const clock = new FakeClock();
  const dial = new FakeDial();
  const uplink = new Uplink((error) => {
    throw error;
  });
  const leases = new LeaseWatch(clock);
  const stopping = new AbortController();
  const taken: string[] = [];
  const changes: CacheChanges[] = [];
  const parts = {
    connection: dial.connection,
    uplink,
    leases,
    ports: fakePorts(clock, fakeRandom(fraction)),
    hello: () => hello,
    held: () => held,
    cacheChanges: () => changes.shift() ?? { snapshotsAdded: [], snapshotsEvicted: [] },
    take: ({ kind }: { kind: string }) => void taken.push(kind),
    welcomed: () => void taken.push("welcomed"),
  };
  const ended = superviseSession(parts, stopping.signal);
  ended.catch(() => {});
  /** The stream of the n-th dialling, once it has said hello. */
  const dialled = async (count: number) => {
    await until(() => (dial.streams[count - 1]?.sent.length ?? 0) > 0, `dialling ${count}`);
    return dial.streams[count - 1] ?? expect.fail("no stream");
  };
  /** How long it waits before it dials again. */
  const waits = async (count: number): Promise<number> => {
    await until(() => dial.streams[count - 1]?.isClosed === true && clock.timers === 1);
    const ms = clock.nextIn ?? expect.fail("does not wait");
    clock.advance(ms);
    return ms;
  };
  return { clock, changes, dial, uplink, leases, stopping, taken, ended, dialled, waits };
}

describe("a session", () => {
  test("says hello, is welcomed, beats, and gives the rest to the worker", async () => {
    const world = supervise();
    const stream = await world.dialled(1);
    expect(stream.sent).toEqual([{ kind: "hello", hello }]);
    expect(world.uplink.isUp).toBe(false);
    stream.welcome();
    await until(() => world.uplink.isUp);
    const told = { snapshotsAdded: [parseDigest(`sha256:${"a".repeat(64)}`)], snapshotsEvicted: [] };
    world.changes.push(told);
    world.clock.advance(12_000);
    expect(stream.sent.slice(1)).toEqual([
      { kind: "heartbeat", seq: 1, held: [], ...told },
      { kind: "heartbeat", seq: 2, held: [], snapshotsAdded: [], snapshotsEvicted: [] },
    ]);
    stream.say({ kind: "heartbeatAck", seq: 1 });
    stream.say({ kind: "cancels", refs: [] });
    await until(() => world.taken.includes("cancels"));
    expect(world.taken).toEqual(["welcomed", "cancels"]);
    world.stopping.abort();
    await world.ended;
    expect([world.uplink.isUp, stream.isClosed, world.clock.timers]).toEqual([false, true, 0]);
  });

  test("that is not welcomed within 10 s is given up", async () => {
    const world = supervise();
    const stream = await world.dialled(1);
    world.clock.advance(9999);
    expect(stream.isClosed).toBe(false);
    world.clock.advance(1);
    expect(stream.isClosed).toBe(true);
    await world.waits(1);
    await world.dialled(2);
    world.stopping.abort();
    await world.ended;
  });

  test("a second welcome changes nothing", async () => {
    const world = supervise();
    const stream = await world.dialled(1);
    stream.welcome();
    stream.welcome();
    stream.say({ kind: "cancels", refs: [] });
    await until(() => world.taken.includes("cancels"));
    expect(world.taken).toEqual(["welcomed", "cancels"]);
    world.stopping.abort();
    await world.ended;
    expect(world.clock.timers).toBe(0);
  });
});

describe("dialling again", () => {
  test("waits longer each time, up to 30 s", async () => {
    const world = supervise();
    const waits: number[] = [];
    for (let count = 1; count <= 8; count++) {
      (await world.dialled(count)).fail("unavailable");
      waits.push(await world.waits(count));
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    world.stopping.abort();
    await world.ended;
  });

  test("waits at most 3 s while it holds leases", async () => {
    const world = supervise([refOf("a")]);
    for (let count = 1; count <= 6; count++) {
      (await world.dialled(count)).fail("unavailable");
      expect(await world.waits(count)).toBeLessThanOrEqual(3000);
    }
    world.stopping.abort();
    await world.ended;
  });

  test("begins anew only after a session that held for 30 s", async () => {
    const world = supervise();
    const waits: number[] = [];
    for (const [index, heldMs] of [0, 29_999, 0, 30_000, 0].entries()) {
      const stream = await world.dialled(index + 1);
      stream.welcome();
      await until(() => world.uplink.isUp);
      world.clock.advance(heldMs);
      stream.end();
      await until(() => !world.uplink.isUp);
      waits.push(await world.waits(index + 1));
    }
    expect(waits).toEqual([1000, 2000, 4000, 500, 1000]);
    world.stopping.abort();
    await world.ended;
  });

  test("waits at least as long as the coordinator asks", async () => {
    const world = supervise();
    const stream = await world.dialled(1);
    stream.welcome();
    stream.say({ kind: "goodbye", reason: "too many", retryAfterMs: 20_000, final: false });
    stream.end();
    expect(await world.waits(1)).toBe(20_000);
    world.stopping.abort();
    await world.ended;
  });

  test("asks every address before it waits longer, and stays with one that served", async () => {
    const world = supervise();
    world.dial.addresses = 3;
    const waits: number[] = [];
    for (let count = 1; count <= 6; count++) {
      (await world.dialled(count)).fail("unavailable");
      waits.push(await world.waits(count));
    }
    expect(waits).toEqual([500, 500, 1000, 1000, 1000, 2000]);
    expect(world.dial.turns).toBe(6);
    const stream = await world.dialled(7);
    stream.welcome();
    await until(() => world.uplink.isUp);
    stream.end();
    await world.waits(7);
    expect(world.dial.turns).toBe(6);
    world.stopping.abort();
    await world.ended;
  });

  test("is hopeless when the worker may not, or another took its place", async () => {
    const refused = supervise();
    (await refused.dialled(1)).fail("denied");
    await expect(refused.ended).rejects.toMatchObject({ fault: "denied" });
    const replaced = supervise();
    const stream = await replaced.dialled(1);
    stream.welcome();
    stream.say({ kind: "goodbye", reason: "another process", retryAfterMs: 0, final: true });
    stream.end();
    await expect(replaced.ended).rejects.toMatchObject({ code: "replaced", message: "another process" });
    expect([refused.clock.timers, replaced.clock.timers]).toEqual([0, 0]);
  });

  test("ends at once when it is told to stop while it waits", async () => {
    const world = supervise();
    (await world.dialled(1)).fail("unavailable");
    await until(() => world.dial.streams[0]?.isClosed === true && world.clock.timers === 1);
    world.stopping.abort();
    await world.ended;
    expect([world.clock.timers, world.dial.streams.length]).toEqual([0, 1]);
  });
});

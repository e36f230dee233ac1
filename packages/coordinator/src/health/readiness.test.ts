import { describe, expect, test } from "vitest";
import { FakeClock, fakePorts } from "../../../../tests/support/fake-clock.ts";
import { LoopWatch } from "./loop-watch.ts";
import { ReadinessChecks } from "./readiness.ts";
import { healthRoutes } from "./routes.ts";

const noMetrics = async (): Promise<string> => "";

function world(writeProbe: () => Promise<number> = async () => 19, diskReserveBytes = 0) {
  const clock = new FakeClock();
  const stopping = new AbortController();
  let writes = 0;
  const counted = (): Promise<number> => {
    writes += 1;
    return writeProbe();
  };
  const readiness = new ReadinessChecks({
    store: { write: { writeProbe: counted } as never },
    folder: "/",
    diskReserveBytes,
    ports: fakePorts(clock),
    stopping: stopping.signal,
  });
  readiness.swept(1000);
  const failing = async (): Promise<string[]> => {
    const { checks } = await readiness.look();
    return Object.entries(checks).flatMap(([name, { ok }]) => (ok ? [] : [name]));
  };
  return { clock, stopping, readiness, failing, writes: () => writes };
}

describe("a coordinator is not ready", () => {
  test("unless all is well", async () => {
    const { readiness } = world();
    const { ready, checks } = await readiness.look();
    expect([ready, Object.keys(checks).toSorted()]).toEqual([
      true,
      ["disk", "leases", "schema", "serving", "store"],
    ]);
  });

  test("when a write fails, or takes longer than two seconds", async () => {
    const broken = world(() => Promise.reject(new Error("disk I/O error")));
    expect(await broken.failing()).toEqual(["store", "schema"]);
    expect((await broken.readiness.look()).checks["store"]?.detail).toBe("a write failed: disk I/O error");
    const slow = world(() => new Promise(() => {}));
    const asked = slow.failing();
    slow.clock.advance(2000);
    expect(await asked).toEqual(["store", "schema"]);
  });

  test("when another coordinator brought a later schema", async () => {
    let version = 19;
    const { clock, readiness, failing } = world(async () => version);
    expect(await failing()).toEqual([]);
    version = 20;
    clock.advance(1001);
    readiness.swept(1000);
    expect(await failing()).toEqual(["schema"]);
  });

  test("when the disk is fuller than the reserve, or leases are not looked after", async () => {
    expect(await world(undefined, Number.MAX_SAFE_INTEGER).failing()).toEqual(["disk"]);
    const { clock, readiness, failing } = world();
    clock.advance(3000);
    expect(await failing()).toEqual([]);
    clock.advance(1001);
    expect(await failing()).toEqual(["leases"]);
    readiness.swept(1000);
    clock.advance(1001);
    expect(await failing()).toEqual([]);
  });

  test("from the moment at which it is told to stop", async () => {
    const { stopping, readiness, failing } = world();
    expect(await failing()).toEqual([]);
    stopping.abort();
    expect(await failing()).toEqual(["serving"]);
    const parts = { readiness, loop: new LoopWatch(new FakeClock()), metrics: noMetrics };
    expect(await healthRoutes["/readyz"]?.(parts)).toMatchObject({ status: 503, type: "application/json" });
  });
});

test("however many ask, the database is asked once in a second", async () => {
  const { clock, failing, writes } = world();
  await Promise.all([failing(), failing(), failing()]);
  clock.advance(1000);
  await failing();
  expect(writes()).toBe(1);
  clock.advance(1);
  await failing();
  expect(writes()).toBe(2);
});

test("a loop that does not turn for five seconds is not alive", async () => {
  const clock = new FakeClock();
  let frozenMs = 0;
  const loop = new LoopWatch({
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + frozenMs,
    after: (ms, call) => clock.after(ms, call),
  });
  await loop.start();
  const live = async () => (await healthRoutes["/livez"]?.({ loop } as never))?.status;
  clock.advance(60_000);
  expect(await live()).toBe(200);
  frozenMs = 5000;
  expect(await live()).toBe(503);
  clock.advance(1000);
  expect(await live()).toBe(200);
  await loop.stop();
  expect(clock.timers).toBe(0);
});

import { expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { LeaseClock } from "./lease-clock.ts";

const started = 1_700_000_000_000;
const open = () => {
  const clock = new FakeClock();
  return { clock, leases: LeaseClock.withTtl(30_000, clock) };
};

test("two coordinators whose wall clocks differ count on the database's", async () => {
  const [one, other] = [open(), open()];
  await one.leases.keepTo(async () => started + 3_600_000);
  await other.leases.keepTo(async () => started + 3_600_000);
  expect(one.leases.now()).toBe(other.leases.now());
  expect(one.leases.now()).toBe(started + 3_600_000);
});

test("what coordinators write down for each other is on that clock, and timers are not", async () => {
  const { clock, leases } = open();
  await leases.keepTo(async () => started + 3_600_000);
  const shared = leases.asClock();
  expect([shared.now(), shared.monotonic()]).toEqual([started + 3_600_000, clock.monotonic()]);
  let calls = 0;
  shared.after(50, () => calls++);
  shared.after(60, () => calls++).cancel();
  clock.advance(100);
  expect([calls, shared.now()]).toEqual([1, started + 3_600_100]);
});

test("an answer counts for the middle of the question; a slow one says too little", async () => {
  const { clock, leases } = open();
  const after = (ms: number, answer: number) => async () => {
    clock.advance(ms);
    return answer;
  };
  expect(await leases.keepTo(after(1000, started))).toBe(false);
  expect(leases.now()).toBe(started + 500);
  const before = leases.now();
  expect(await leases.keepTo(after(3000, started + 60_000))).toBe(false);
  expect(leases.now()).toBe(before + 3000);
});

test("small corrections go unnoticed; a clock that was set is told, but not by the first answer", async () => {
  const { leases } = open();
  expect(await leases.keepTo(async () => started + 500_000)).toBe(false);
  expect(await leases.keepTo(async () => started + 504_000)).toBe(false);
  expect(leases.now()).toBe(started + 504_000);
  expect(await leases.keepTo(async () => started + 404_000)).toBe(true);
  expect(leases.now()).toBe(started + 404_000);
});

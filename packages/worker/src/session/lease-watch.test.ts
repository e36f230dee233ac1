import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { LeaseWatch } from "./lease-watch.ts";

describe("trust in a lease", () => {
  test("counts from the moment when the renewal was sent, not from its acknowledgement", () => {
    const clock = new FakeClock();
    const leases = new LeaseWatch(clock);
    leases.welcomed(clock.monotonic(), 30_000);
    clock.advance(5000);
    const seq = leases.next();
    clock.advance(3000);
    leases.acknowledged(seq);
    expect(leases.remainingMs).toBe(30_000 - 4000 - 3000);
  });

  test("goes on from the last acknowledged heartbeat while others are lost", () => {
    const clock = new FakeClock();
    const leases = new LeaseWatch(clock);
    leases.welcomed(clock.monotonic(), 30_000);
    leases.acknowledged(leases.next());
    clock.advance(5000);
    leases.next();
    clock.advance(21_000);
    expect(leases.remainingMs).toBe(0);
  });

  test("counts the time in which the machine slept, though the monotonic clock stood still", () => {
    const clock = new FakeClock();
    let sleptMs = 0;
    const leases = new LeaseWatch(clock, () => 77_000 + clock.monotonic() + sleptMs);
    leases.welcomed(leases.now(), 30_000);
    clock.advance(5000);
    sleptMs = 120_000;
    expect(leases.remainingMs).toBeLessThan(0);
    const seq = leases.next();
    leases.acknowledged(seq);
    expect(leases.remainingMs).toBe(26_000);
  });

  test("an acknowledgement of an earlier session renews nothing", () => {
    const clock = new FakeClock();
    const leases = new LeaseWatch(clock);
    leases.welcomed(clock.monotonic(), 30_000);
    const old = leases.next();
    leases.welcomed(clock.monotonic(), 30_000);
    clock.advance(10_000);
    leases.acknowledged(old);
    leases.acknowledged(99);
    expect(leases.remainingMs).toBe(16_000);
  });

  test("a short lease keeps the proportion, and the grace fits into what is left", () => {
    const clock = new FakeClock();
    for (const ttlMs of [1000, 3000, 12_000, 16_000, 30_000, 150_000]) {
      const leases = new LeaseWatch(clock);
      leases.welcomed(clock.monotonic(), ttlMs);
      expect(leases.remainingMs).toBe(ttlMs - Math.min(4000, ttlMs / 4));
      expect(leases.remainingMs + leases.graceMs).toBeLessThan(ttlMs);
    }
  });

  test("nobody's wall clock matters", () => {
    const clock = new FakeClock();
    const leases = new LeaseWatch(clock);
    leases.welcomed(clock.monotonic(), 30_000);
    clock.jump(-600_000);
    expect(leases.remainingMs).toBe(26_000);
    clock.jump(1_200_000);
    expect(leases.remainingMs).toBe(26_000);
  });
});

const happening = fc.oneof(
  fc.record({ do: fc.constant("wait"), ms: fc.nat(8000) }),
  fc.record({ do: fc.constantFrom("send", "receive", "acknowledge", "dial", "lose", "swap") }),
);

test("whatever the order of messages, it ends before the coordinator's lease does (L5, L6)", () => {
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 60 }),
      fc.integer({ min: 1000, max: 60_000 }),
      (all, ttlMs) => {
        const clock = new FakeClock();
        const leases = new LeaseWatch(clock);
        // The coordinator counts from receipt; a hello renews as a heartbeat does.
        let coordinatorUntil = clock.monotonic() + ttlMs;
        leases.welcomed(clock.monotonic(), ttlMs);
        let up: number[] = [];
        let down: number[] = [];
        for (const each of all) {
          if (each.do === "wait" && "ms" in each) clock.advance(each.ms);
          if (each.do === "send") up.push(leases.next());
          if (each.do === "receive") {
            const seq = up.shift();
            if (seq !== undefined) {
              coordinatorUntil = clock.monotonic() + ttlMs;
              down.push(seq);
            }
          }
          if (each.do === "acknowledge") leases.acknowledged(down.shift() ?? 0);
          if (each.do === "lose") down = down.slice(1);
          if (each.do === "swap") down.reverse();
          if (each.do === "dial") {
            const sentAt = clock.monotonic();
            clock.advance(100);
            coordinatorUntil = clock.monotonic() + ttlMs;
            clock.advance(100);
            leases.welcomed(sentAt, ttlMs);
            [up, down] = [[], []];
          }
          expect(clock.monotonic() + leases.remainingMs).toBeLessThan(coordinatorUntil);
        }
      },
    ),
  );
});

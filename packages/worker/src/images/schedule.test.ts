import { type FlightCode, flightCodes } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { FakeClock, fakeRandom } from "../../../../tests/support/fake-clock.ts";
import { Meter } from "./progress.ts";
import { afterFailure, noTries, pauseMs, probeAfterMs } from "./schedule.ts";

const most = fakeRandom(0.999_999_9);
const after = (code: FlightCode, tries = noTries, retryAfterMs?: number) =>
  afterFailure({ code, retryAfterMs }, tries, most, 5000);

describe("after a failure", () => {
  test("of the way it is tried five times, twice as late each time, with chance from nothing on", () => {
    let tries = noTries;
    const waits: (number | undefined)[] = [];
    for (let failure = 0; failure < 6; failure++) {
      const plan = after("stalled", tries);
      waits.push(plan.retryInMs);
      tries = plan.tries;
    }
    expect(waits).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, undefined]);
    expect(afterFailure({ code: "dns" }, noTries, fakeRandom(0), 1).retryInMs).toBe(0);
  });

  test("of a server that says when, it counts nothing and is believed for an hour at most", () => {
    expect(after("rate_limited", noTries, 7000)).toMatchObject({ retryInMs: 7000, tries: noTries });
    expect(after("rate_limited", noTries, 99_999_999).retryInMs).toBe(3_600_000);
    expect(after("rate_limited", noTries, 0).retryInMs).toBe(1000);
  });

  test("of each code there is one plan, and a pause of an hour", () => {
    const kinds = flightCodes.map((code) => {
      const plan = after(code, { transient: 0, doubtful: 1 });
      expect(plan.pauseMs).toBe(pauseMs);
      return [code, plan.lookEveryMs === undefined ? (plan.retryInMs ?? "no") : "room"];
    });
    expect(Object.fromEntries(kinds)).toEqual({
      dns: 10_000,
      network: 10_000,
      tls: 10_000,
      stalled: 10_000,
      truncated: 10_000,
      http_5xx: 10_000,
      rate_limited: 60_000,
      runtime_unavailable: 5000,
      checksum: "no",
      protocol: "no",
      import_failed: "no",
      corrupt: "no",
      auth: "no",
      not_found: "no",
      no_space: "room",
    });
  });

  test("an engine is asked after 5 s, and ever later up to a minute", () => {
    expect([0, 1, 2, 3, 4, 5, 99].map(probeAfterMs)).toEqual([
      60_000, 5000, 10_000, 20_000, 40_000, 60_000, 60_000,
    ]);
  });
});

describe("a meter", () => {
  test("rounds down, never goes back, and ends at 99", () => {
    const clock = new FakeClock();
    const meter = new Meter(clock, 1000, 100);
    expect(meter.progress()).toMatchObject({ done: 100, total: 1000, percent: 10 });
    meter.reached(559);
    expect(meter.progress().percent).toBe(55);
    // It begins again.
    meter.reached(0);
    meter.reached(300);
    expect(meter.progress()).toMatchObject({ done: 559, percent: 55 });
    meter.reached(1000);
    expect(meter.progress()).toMatchObject({ done: 1000, percent: 99 });
  });

  test("says how fast and how long only after three seconds of bytes", () => {
    const clock = new FakeClock();
    const meter = new Meter(clock, 10_000, 0);
    for (let second = 1; second <= 4; second++) {
      clock.advance(1000);
      meter.reached(second * 1000);
      const { bytesPerSecond, etaSeconds } = meter.progress();
      expect(bytesPerSecond).toBe(1000);
      expect(etaSeconds).toBe(second < 3 ? undefined : 10 - second);
    }
  });
});

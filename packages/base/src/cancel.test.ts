import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { FakeClock, turns } from "../../../tests/support/fake-clock.ts";
import { abortable, pause, reasonOf } from "./cancel.ts";
import { Wakeup } from "./wakeup.ts";

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;
const pending = () => new Promise<never>(() => {});

describe("abortable", () => {
  test("is the work when the work is faster, and leaves no listener", async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(7), signal)).toBe(7);
    await expect(abortable(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
    expect(listeners(signal)).toBe(0);
  });

  test("rejects with the reason as soon as the signal fires, and leaves no listener", async () => {
    const controller = new AbortController();
    const work = abortable(pending(), controller.signal);
    expect(listeners(controller.signal)).toBe(1);
    controller.abort(new Error("enough"));
    await expect(work).rejects.toThrow("enough");
    expect(listeners(controller.signal)).toBe(0);
  });

  test("does not begin to wait for a signal that has fired, and work that then fails bothers nobody", async () => {
    await expect(
      abortable(Promise.reject(new Error("late")), AbortSignal.abort(new Error("first"))),
    ).rejects.toThrow("first");
  });
});

test("a reason that is no error becomes one", () => {
  expect(reasonOf(AbortSignal.abort("enough"))).toMatchObject({ fault: "cancelled", message: "enough" });
  expect(reasonOf(new AbortController().signal).message).toBe("cancelled");
});

describe("pause", () => {
  test("ends after its time", async () => {
    const clock = new FakeClock();
    let over = false;
    const pausing = pause(clock, 100, new AbortController().signal).then(() => (over = true));
    clock.advance(99);
    await turns();
    expect(over).toBe(false);
    clock.advance(1);
    await pausing;
    expect(clock.timers).toBe(0);
  });

  test("is cut short by the signal, and leaves no timer", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const pausing = pause(clock, 100, controller.signal);
    controller.abort(new Error("enough"));
    await expect(pausing).rejects.toThrow("enough");
    expect([clock.timers, listeners(controller.signal)]).toEqual([0, 0]);
  });
});

describe("a wake-up", () => {
  const never = new AbortController().signal;

  test("rings before, between and while somebody waits; any number of times is once", async () => {
    const wakeup = new Wakeup();
    wakeup.ring();
    wakeup.ring();
    await wakeup.next(never);
    let woken = 0;
    const waiting = wakeup.next(never).then(() => woken++);
    await turns();
    expect(woken).toBe(0);
    wakeup.ring();
    wakeup.ring();
    await waiting;
    const again = new AbortController();
    const none = wakeup.next(again.signal);
    again.abort(new Error("nobody rang"));
    await expect(none).rejects.toThrow("nobody rang");
  });

  test("a ring that comes after the waiting was given up is kept for the next look", async () => {
    const wakeup = new Wakeup();
    const controller = new AbortController();
    const waiting = wakeup.next(controller.signal);
    controller.abort();
    await expect(waiting).rejects.toThrow("aborted");
    wakeup.ring();
    await wakeup.next(never);
  });
});

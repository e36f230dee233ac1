/** Work rests while nobody can be looking, and begins again when somebody looks. */

import { expect, test } from "vitest";
import { whileVisible } from "./while-visible.ts";

function setup() {
  let isVisible = true;
  const calls = new Set<() => void>();
  let due: (() => void) | undefined;
  const over = new AbortController();
  const begun: AbortSignal[] = [];
  const outside = {
    clock: {
      now: () => 0,
      monotonic: () => 0,
      after(_ms: number, call: () => void) {
        due = call;
        return { cancel: () => (due = undefined) };
      },
    },
    isVisible: () => isVisible,
    onVisible(call: () => void) {
      calls.add(call);
      return () => void calls.delete(call);
    },
  };
  const work = (signal: AbortSignal): Promise<void> => {
    begun.push(signal);
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  };
  const ended = whileVisible(outside, work, over.signal);
  return {
    begun,
    calls,
    over,
    ended,
    passTime: () => due?.(),
    show: async (visible: boolean) => {
      isVisible = visible;
      for (const call of calls) call();
      await new Promise(setImmediate);
    },
    settle: () => new Promise(setImmediate),
  };
}

test("hidden for long it rests; seen again it goes on", async () => {
  const { begun, show, passTime, settle, over, ended, calls } = setup();
  await show(false);
  expect(begun[0]?.aborted).toBe(false);
  passTime();
  await settle();
  expect([begun.length, begun[0]?.aborted]).toEqual([1, true]);
  await show(true);
  expect([begun.length, begun[1]?.aborted]).toEqual([2, false]);
  over.abort();
  await ended;
  expect(calls.size).toBe(0);
});

test("hidden for a moment changes nothing", async () => {
  const { begun, show, passTime, over, ended } = setup();
  await show(false);
  await show(true);
  passTime();
  expect([begun.length, begun[0]?.aborted]).toEqual([1, false]);
  over.abort();
  await ended;
});

test("the end comes also while it rests", async () => {
  const { show, passTime, settle, over, ended, calls } = setup();
  await show(false);
  passTime();
  await settle();
  over.abort();
  await ended;
  expect(calls.size).toBe(0);
});

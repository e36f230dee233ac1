/** What an operator wants of a worker, at the worker: nothing new, nothing left, and open again. */

import { parseDigest } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { turns, until } from "../../../../tests/support/fake-clock.ts";
import { attemptWorld, ofKind, taskOf } from "../testing/attempt-world.ts";

type World = Awaited<ReturnType<typeof attemptWorld>>;
const give = ({ attempts }: World, ...steps: string[]) =>
  attempts.take({ kind: "tasks", tasks: steps.map((step) => taskOf(step)) });
const order = ({ attempts }: World, more: { cordoned?: boolean; draining?: boolean; endInMs?: number }) =>
  attempts.take({ kind: "availability", cordoned: true, draining: false, ...more });
const running = ({ executor }: World, count: number) => until(() => executor.running.size === count);
const granted = ({ sent }: World) => ofKind(sent, "credits").map(({ grantedTotal }) => grantedTotal);
const results = ({ sent }: World) =>
  ofKind(sent, "results").flatMap(({ results }) =>
    results.map(({ ref, outcome, failure }) => `${ref.stepId} ${outcome} ${failure?.code ?? "untouched"}`),
  );

async function* inputThatNeverComes(_ref: unknown, _digest: unknown, signal: AbortSignal) {
  const aborted = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => aborted.reject(new Error("aborted")), { once: true });
  if (signal.aborted) aborted.reject(new Error("aborted"));
  yield await aborted.promise;
}

describe("a cordoned worker", () => {
  test("grants nothing while steps end, and all that is free when the cordon ends", async () => {
    await using world = await attemptWorld(2);
    world.up();
    give(world, "a", "b");
    await running(world, 2);
    order(world, {});
    world.executor.running.get("a")?.end();
    await until(() => results(world).length === 1);
    expect(granted(world)).toEqual([2, 2]);
    order(world, { cordoned: false });
    expect(granted(world).at(-1)).toBe(3);
    world.executor.running.get("b")?.end();
    await until(() => granted(world).at(-1) === 4);
  });

  test("grants nothing in a new session either, until the coordinator says that it is open", async () => {
    await using world = await attemptWorld(2);
    order(world, {});
    world.up();
    await turns();
    expect(granted(world)).toEqual([0]);
    order(world, { cordoned: false });
    expect(granted(world)).toEqual([0, 2]);
  });
});

describe("a draining worker", () => {
  test("hands back what has not started, and lets end what runs", async () => {
    await using world = await attemptWorld(2, { getBlob: inputThatNeverComes });
    world.up();
    give(world, "a");
    const input = { path: "in", digest: parseDigest(`sha256:${"a".repeat(64)}`), size: 1, executable: false };
    world.attempts.take({ kind: "tasks", tasks: [taskOf("early", { inputs: [input] })] });
    await running(world, 1);
    order(world, { draining: true });
    give(world, "late");
    await until(() => results(world).length === 2);
    expect(results(world).toSorted()).toEqual(["early returned untouched", "late returned untouched"]);
    expect(world.executor.started).toBe(1);
    expect(world.executor.running.get("a")?.signal.aborted).toBe(false);
    world.executor.running.get("a")?.end();
    await until(() => results(world).includes("a succeeded untouched"));
  });

  test("ends at its deadline what still runs, and hands it back as interrupted", async () => {
    await using world = await attemptWorld(1);
    world.up();
    give(world, "a");
    await running(world, 1);
    order(world, { draining: true, endInMs: 1000 });
    world.clock.advance(999);
    expect(world.executor.running.get("a")?.signal.aborted).toBe(false);
    world.clock.advance(1);
    expect(world.executor.running.get("a")?.signal.aborted).toBe(true);
    world.executor.running.get("a")?.obey();
    await until(() => results(world).length === 1);
    expect(results(world)).toEqual(["a returned worker_stopped"]);
  });

  test("that is opened again before its deadline ends nothing", async () => {
    await using world = await attemptWorld(1);
    world.up();
    give(world, "a");
    await running(world, 1);
    order(world, { draining: true, endInMs: 1000 });
    order(world, { cordoned: false });
    world.clock.advance(5000);
    expect(world.executor.running.get("a")?.signal.aborted).toBe(false);
    expect(world.clock.timers).toBe(0);
  });
});

/** Who goes first, and who is not held up: a real store, a real dispatcher, workers that the test moves. */

import type { Task } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { until } from "../../../../tests/support/fake-clock.ts";
import { dispatchWorld, type Placed } from "../testing/dispatch-world.ts";
import { stepOf } from "../testing/fleet-samples.ts";
import { openRealStores } from "../testing/real-store.ts";

const world = async () => await dispatchWorld(await openRealStores());
const steps = (count: number, placement: Placed["placement"] = {}): Placed[] =>
  Array.from({ length: count }, (_, index) => ({ step: stepOf(`s${index}`), placement }));

interface Worker {
  readonly tasks: readonly Task[];
  readonly finish: (ref: Task["ref"]) => Promise<void>;
}

/** One after the other on one slot. @returns the DAGs in the order in which their steps went out */
async function drain(worker: Worker, count: number): Promise<string[]> {
  for (let index = 0; index < count; index++) {
    await until(() => worker.tasks.length > index);
    const task = worker.tasks[index] ?? expect.fail("no task");
    if (index < count - 1) await worker.finish(task.ref);
  }
  return worker.tasks.map(({ dagName }) => dagName);
}

describe("turns", () => {
  test("a DAG with many steps does not hold up one with three", async () => {
    await using here = await world();
    await here.submit("big", steps(3000));
    const worker = here.connect("w", 1);
    await drain(worker, 5);
    await here.submit("small", steps(3));
    const order = await drain(worker, 12);
    const last = order.lastIndexOf("small");
    expect(order.filter((name) => name === "small")).toHaveLength(3);
    expect(last).toBeLessThan(12);
    expect(order.slice(5, 11).filter((name) => name === "small").length).toBeGreaterThanOrEqual(2);
  });

  test("what is more urgent goes first, and what is less is not forgotten", async () => {
    await using here = await world();
    await here.submit("low", steps(40, { priority: 2 }));
    await here.submit("high", steps(40, { priority: 5 }));
    const order = await drain(here.connect("w", 1), 60);
    expect(order[0]).toBe("high");
    expect(order.slice(0, 41).filter((name) => name === "high").length).toBeGreaterThanOrEqual(39);
    expect(order.filter((name) => name === "low").length).toBeGreaterThanOrEqual(20);
  });
});

describe("nobody is held up by what cannot go", () => {
  test("not by steps that no worker may run, however many stand before", async () => {
    await using here = await world();
    const gpu = await here.submit("gpu", steps(2000, { labels: { pool: "gpu" }, priority: 5 }));
    await here.submit("plain", steps(2, { priority: 1 }));
    const worker = here.connect("w", 2);
    await until(() => worker.tasks.length === 2);
    expect(worker.tasks.map(({ dagName }) => dagName)).toEqual(["plain", "plain"]);
    expect(await here.reasons(gpu, 0)).toEqual(["no_matching_worker"]);
    const able = here.connect("g", 1, { pool: "gpu" });
    await until(() => able.tasks.length === 1);
  });

  test("not by a key that is full, and the next goes when it is free", async () => {
    await using here = await world();
    const limits = [{ kind: "key", name: "db", units: 1, limit: 1 }] as const;
    const keyed = await here.submit("keyed", steps(500, { limits, priority: 5 }));
    await here.submit("plain", steps(2));
    const worker = here.connect("w", 3);
    await until(() => worker.tasks.length === 3);
    expect(worker.tasks.map(({ dagName }) => dagName).toSorted()).toEqual(["keyed", "plain", "plain"]);
    const first = worker.tasks.find(({ dagName }) => dagName === "keyed") ?? expect.fail("no keyed task");
    expect(await here.reasons(keyed, 1)).toEqual(["key_full", "no_free_slot"]);
    await worker.finish(first.ref);
    await until(() => worker.tasks.length === 4);
    expect(worker.tasks[3]?.dagName).toBe("keyed");
  });

  test("not by retries that wait for their time", async () => {
    await using here = await world();
    const retry = { limit: 1, backoff: "fixed", delayMs: 60_000, maxDelayMs: 60_000 } as const;
    const flaky = await here.submit("flaky", [{ step: stepOf("a", [], { retry }) }, { step: stepOf("b") }]);
    const worker = here.connect("w", 1);
    await until(() => worker.tasks.length === 1);
    await here.store.write.attemptsFinish({
      results: [
        {
          result: {
            ref: worker.tasks[0]?.ref ?? expect.fail("no task"),
            outcome: "failed",
            outputs: new Map(),
            artifacts: [],
            logs: [],
          },
          resultDigest: "d",
        },
      ],
      workerId: "w" as never,
      now: here.clock.now(),
    });
    expect(await here.reasons(flaky, 0)).toContain("retry");
    worker.link.grant(2);
    await here.submit("next", steps(1));
    await until(() => worker.tasks.length === 2);
    expect(worker.tasks[1]?.ref.stepId).toBe("b");
  });
});

describe("pools", () => {
  test("are never exceeded while workers take all that they can, and are used up", async () => {
    await using here = await world();
    await here.store.write.poolSet({ name: "licences", limit: 3 });
    const limits = [{ kind: "pool", name: "licences", units: 1 }] as const;
    await here.submit("licensed", steps(40, { limits }));
    const workers = [here.connect("a", 4), here.connect("b", 4)];
    const live = new Set<Task>();
    const seen = new Set<Task>();
    while (seen.size < 40) {
      await until(() => here.sent.some((task) => !seen.has(task)));
      for (const task of here.sent) {
        if (seen.has(task)) continue;
        seen.add(task);
        live.add(task);
      }
      expect(live.size).toBeLessThanOrEqual(3);
      const [task] = live;
      if (task === undefined) continue;
      live.delete(task);
      const worker = workers.find(({ tasks }) => tasks.includes(task));
      await worker?.finish(task.ref);
    }
    expect(here.failures).toEqual([]);
  });

  test("one that gets more units lets more start at once", async () => {
    await using here = await world();
    await here.store.write.poolSet({ name: "p", limit: 0 });
    const run = await here.submit("d", steps(2, { limits: [{ kind: "pool", name: "p", units: 1 }] }));
    const worker = here.connect("w", 2);
    expect(await here.reasons(run, 0)).toEqual(["pool_too_small"]);
    await here.store.write.poolSet({ name: "p", limit: 2 });
    await until(() => worker.tasks.length === 2);
  });
});

test("runs of one key start one after the other", async () => {
  await using here = await world();
  const key = { key: "k", limit: 1, onConflict: "queue" } as const;
  const runs = [];
  for (let index = 0; index < 3; index++) runs.push(await here.submit("d", steps(1), key));
  const worker = here.connect("w", 3);
  for (let index = 0; index < 3; index++) {
    await until(() => worker.tasks.length === index + 1);
    expect(worker.tasks[index]?.ref.runId).toBe(runs[index]);
    const next = runs[index + 1];
    if (next !== undefined) expect(await here.reasons(next, 0)).toEqual(["run_concurrency"]);
    await worker.finish(worker.tasks[index]?.ref ?? expect.fail("no task"));
  }
  expect(here.failures).toEqual([]);
});

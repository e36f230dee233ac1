/** A `dag` step with items: each of them is a run of its own. */

import type { RunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { ChildrenWorld, call, family } from "./children-world.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, each, step } from "./store-world.ts";

const open = "$" + "{{";
const leaf = {
  ...dag(step("work", [], { outputs: ["n"] })),
  outputs: { n: `${open} steps.work.outputs.n }}` },
};
type Items = Parameters<typeof each>[1];
const eachCall = (id: string, items: Items = {}) => {
  const params = { host: `${open} item }}`, at: `${open} index }}` };
  return step(id, [], { work: { kind: "dag", use: "leaf", params }, ...each(["x", "y", "z"], items) });
};
const all = (items: Items = {}) =>
  family(
    dag(eachCall("all", items), step("after", ["all"], { env: { N: `${open} steps.all.outputs.n }}` } })),
    {
      leaf,
    },
  );

async function startAll(world: ChildrenWorld): Promise<RunId[]> {
  const children: RunId[] = [];
  for (const ready of await world.readyChildren()) {
    const child = await world.startChild(ready);
    if (child !== undefined) children.push(child);
  }
  return children;
}

async function finish(world: ChildrenWorld, run: RunId, n: number): Promise<void> {
  const worker = world.worker("w");
  await worker.finish(await worker.claim(run, "work"), { outputs: new Map([["n", n]]) });
  await world.settle();
}

async function fail(world: ChildrenWorld, run: RunId): Promise<void> {
  const worker = world.worker("w");
  await worker.fail(await worker.claim(run, "work"));
  await world.settle();
}

export function describeItemChildren(name: string, openStore: OpenStore): void {
  describe(`${name}: items that are child runs`, () => {
    test("each has its parameters; so many at once; their outputs are lists", async () => {
      await using store = await openStore();
      const world = new ChildrenWorld(store);
      const run = await world.submitFamily(all({ maxParallel: 2 }));
      expect((await world.readyChildren()).map(({ child }) => child?.params)).toEqual([
        { host: "x", at: 0 },
        { host: "y", at: 1 },
      ]);
      const [first = expect.fail(), second = expect.fail()] = await startAll(world);
      expect(await world.readyChildren()).toEqual([]);
      await finish(world, second, 2);
      const [third = expect.fail()] = await startAll(world);
      await finish(world, third, 3);
      await finish(world, first, 1);
      const claimed = await world.worker("w").tryClaim(run, "after");
      expect(claimed?.data.outputs).toEqual(new Map([["all/n", [1, 2, 3]]]));
      const items = await store.read.itemsRead({ id: run, stepId: "all", from: 0, limit: 10 });
      expect(items.map(({ step }) => step.childRunId)).toEqual([first, second, third]);
    });

    test("one that fails ends the others, and no child run of another step", async () => {
      await using store = await openStore();
      const world = new ChildrenWorld(store);
      const run = await world.submitFamily(family(dag(eachCall("all"), call("other", "leaf")), { leaf }));
      const [other = expect.fail(), first = expect.fail(), second = expect.fail()] = await startAll(world);
      const live = await world.worker("v").claim(second, "work");
      await fail(world, first);
      expect((await world.worker("v").renew(live)).cancelled).toEqual([live]);
      expect(await world.phases(other)).toBe("queued: work=ready");
      await world.worker("v").finish(live, { outcome: "cancelled" });
      await world.settle();
      expect(await world.itemPhases(run, "all")).toBe("failed cancelled cancelled");
      await finish(world, other, 0);
      expect(await world.phases(run)).toBe("failed: all=failed other=succeeded");
    });

    describeEnds(openStore);
  });
}

function describeEnds(openStore: OpenStore): void {
  test("that failed promise lists of nothing, where failures are excused", async () => {
    await using store = await openStore();
    const world = new ChildrenWorld(store);
    const spec = all();
    const [calls = expect.fail(), after = expect.fail()] = spec.steps;
    const excused = { ...spec, steps: [{ ...calls, continueOnError: true as const }, after] };
    const run = await world.submitFamily(excused);
    for (const child of await startAll(world)) await fail(world, child);
    const claimed = await world.worker("w").tryClaim(run, "after");
    expect(claimed?.data.outputs).toEqual(new Map([["all/n", [null, null, null]]]));
  });

  test("end with a cancel of their run", async () => {
    await using store = await openStore();
    const world = new ChildrenWorld(store);
    const run = await world.submitFamily(all());
    await startAll(world);
    await world.cancel(run);
    await world.settle();
    expect(await world.phases(run)).toBe("cancelled: all=cancelled after=cancelled");
    expect(await world.itemPhases(run, "all")).toBe("cancelled cancelled cancelled");
  });

  test("are paused with it, and those that wait to be tried again too", async () => {
    await using store = await openStore();
    const world = new ChildrenWorld(store);
    const retry = { limit: 1, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } as const;
    const spec = all();
    const [calls = expect.fail(), after = expect.fail()] = spec.steps;
    const run = await world.submitFamily({ ...spec, steps: [{ ...calls, retry }, after] });
    const [first = expect.fail()] = await startAll(world);
    const live = await world.worker("w").claim(first, "work");
    await world.pause(run);
    await world.worker("w").fail(live);
    await world.settle();
    expect(await world.readyChildren()).toEqual([]);
    await world.resume(run);
    expect(await startAll(world)).toHaveLength(1);
  });

  test("a retry of their run keeps what succeeded", async () => {
    await using store = await openStore();
    const world = new ChildrenWorld(store);
    const run = await world.submitFamily(all({ failFast: false }));
    const [first = expect.fail(), second = expect.fail(), third = expect.fail()] = await startAll(world);
    await finish(world, first, 1);
    await fail(world, second);
    await finish(world, third, 3);
    expect(await world.phases(run)).toBe("failed: all=failed after=blocked");
    const again = await world.retry(run);
    expect(await world.itemPhases(again, "all")).toBe("succeeded ready succeeded");
    const [repeated = expect.fail()] = await startAll(world);
    await finish(world, repeated, 2);
    const claimed = await world.worker("w").tryClaim(again, "after");
    expect(claimed?.data.outputs).toEqual(new Map([["all/n", [1, 2, 3]]]));
  });
}

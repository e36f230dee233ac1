/**
 * Random histories of families of runs: starts, ends, cancels, time limits and retries in any order, with the coordinator
 * looking whenever it likes. What must hold is said by the rows alone, without a second implementation.
 */

import { present } from "@haversack/base";
import { isTerminalRun, type RunDetail, type RunId } from "@haversack/protocol";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChildrenWorld, call, family } from "./children-world.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, withHandlers } from "./store-world.ts";

const retry = { limit: 1, backoff: "fixed", delayMs: 1000, maxDelayMs: 1000 } as const;
const spec = family(
  withHandlers(dag(call("one", "mid", [], { retry }), call("two", "leaf"), step("last", ["one", "two"])), {
    onExit: [call("exit", "leaf")],
  }),
  {
    mid: dag(
      call("deep", "leaf", [], { timeoutMs: 5000 }),
      call("twin", "leaf", ["deep"], { continueOnError: true }),
    ),
    leaf: dag(step("work")),
  },
);

const actions = fc.array(
  fc.record({
    what: fc.constantFrom("start", "start", "finish", "finish", "fail", "settle", "cancel", "wait", "twice"),
    which: fc.nat({ max: 7 }),
  }),
  { minLength: 5, maxLength: 40 },
);
type Action = typeof actions extends fc.Arbitrary<(infer A)[]> ? A : never;

export function describeChildrenModel(name: string, open: OpenStore, runs: number): void {
  let world: ChildrenWorld;
  let store: Awaited<ReturnType<OpenStore>>;
  beforeAll(async () => {
    store = await open();
    world = new ChildrenWorld(store);
  });
  afterAll(() => store[Symbol.asyncDispose]());

  test(`${name}: families of runs end as their children do, whatever happens in between`, async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (history) => {
        try {
          await checkHistory(world, history);
        } finally {
          await clear(world);
        }
      }),
      { numRuns: runs },
    );
  });
}

async function checkHistory(world: ChildrenWorld, history: readonly Action[]): Promise<void> {
  const root = await world.submitFamily(spec);
  for (const action of history) {
    await act(world, action);
    await check(world);
  }
  await drain(world, root);
  for (const run of await check(world)) expect([run.id, isTerminalRun(run.status)]).toEqual([run.id, true]);
  const { ended } = await world.store.read.childrenDue({ now: world.now, limit: 10 });
  expect(ended).toEqual([]);
}

/** Nothing of a history is left for the next one. */
async function clear(world: ChildrenWorld): Promise<void> {
  for (const { id } of await all(world)) await world.cancel(id);
  await world.worker("w").greet();
  for (let round = 0; round < 20; round++) {
    await world.settle();
    for (const ready of await world.readyChildren()) await world.startChild(ready);
    for (const run of await all(world)) {
      for (const { id, kind, phase } of run.steps)
        if (kind === "run" && phase === "ready") await world.work(run.id, id);
    }
  }
  await world.retire(Number.MAX_SAFE_INTEGER);
  expect(await all(world)).toEqual([]);
}

async function act(world: ChildrenWorld, { what, which }: Action): Promise<void> {
  const runs = await all(world);
  const pick = <T>(list: readonly T[]): T | undefined => list[which % Math.max(1, list.length)];
  if (what === "wait") world.now += 1000 * which;
  else if (what === "settle") await world.settle();
  else if (what === "cancel") {
    const run = pick(runs);
    if (run !== undefined && which > 4) await world.cancel(run.id);
  } else if (what === "start" || what === "twice") {
    const ready = pick(await world.readyChildren());
    if (ready === undefined) return;
    const started = await Promise.all((what === "twice" ? [1, 2] : [1]).map(() => world.startChild(ready)));
    expect(started.filter((id) => id !== undefined)).toHaveLength(1);
  } else await work(world, runs, pick, what);
}

async function work(
  world: ChildrenWorld,
  runs: readonly RunDetail[],
  pick: <T>(list: readonly T[]) => T | undefined,
  what: "finish" | "fail",
): Promise<void> {
  const ready = runs.flatMap((run) =>
    run.steps
      .filter(({ kind, phase }) => kind === "run" && phase === "ready")
      .map(({ id }) => ({ run: run.id, id })),
  );
  const one = pick(ready);
  if (one === undefined) return;
  const worker = world.worker("w");
  const ref = await worker.claim(one.run, one.id);
  await (what === "fail" ? worker.fail(ref) : worker.finish(ref));
}

/** Whatever is left comes to its end. */
async function drain(world: ChildrenWorld, root: RunId): Promise<void> {
  for (let round = 0; round < 100; round++) {
    await world.settle();
    for (const ready of await world.readyChildren()) await world.startChild(ready);
    const runs = await all(world);
    for (const run of runs) {
      for (const { id, kind, phase } of run.steps) {
        if (kind === "run" && phase === "ready") await world.work(run.id, id);
      }
    }
    if (isTerminalRun((await world.store.read.runRead({ id: root })).status)) break;
    world.now += 1000;
  }
  await world.settle();
}

/** What holds at every moment. @returns all runs */
async function check(world: ChildrenWorld): Promise<RunDetail[]> {
  const runs = await all(world);
  const byId = new Map(runs.map((run) => [run.id, run]));
  const attempts = new Set<string>();
  for (const run of runs) {
    if (run.parent === undefined) continue;
    const parent = present(byId.get(run.parent.runId), "a parent");
    const own = present(
      parent.steps.find(({ id }) => id === run.parent?.stepId),
      "the step of a child run",
    );
    if (!isTerminalRun(run.status)) {
      // A step waits for its newest run, and its run for it.
      expect([own.phase, own.childRunId, isTerminalRun(parent.status)]).toEqual(["running", run.id, false]);
    } else if (own.childRunId === run.id && own.phase === "succeeded") expect(run.status).toBe("succeeded");
    else if (own.childRunId === run.id && own.phase === "failed") expect(run.status).not.toBe("succeeded");
    attempts.add(
      `${run.parent.runId}/${run.parent.stepId}/${own.childRunId === run.id ? own.attempt : run.id}`,
    );
  }
  expect(attempts.size).toBe(runs.filter(({ parent }) => parent !== undefined).length);
  for (const run of runs) {
    for (const { kind, phase, childRunId } of run.steps) {
      if (kind !== "dag" || phase !== "running") continue;
      expect(byId.has(present(childRunId, "the run of a step that runs"))).toBe(true);
    }
  }
  return runs;
}

async function all(world: ChildrenWorld): Promise<RunDetail[]> {
  const { runs: list } = await world.store.read.runsList({ limit: 1000 });
  return await Promise.all(list.toReversed().map(({ id }) => world.store.read.runRead({ id })));
}

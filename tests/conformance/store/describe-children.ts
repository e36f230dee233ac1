/** Child runs: started once, told of once, cancelled with their parents, whatever dies in between. */

import { parseRunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { ChildrenWorld, call, family, simple } from "./children-world.ts";
import { describeChildCancels } from "./describe-child-cancels.ts";
import { describeChildRetention } from "./describe-child-retention.ts";
import { describeItemChildren } from "./describe-item-children.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, withHandlers } from "./store-world.ts";

export function describeChildren(name: string, open: OpenStore): void {
  describe(`${name}: child runs`, () => {
    describeStarts(open);
    describeWorkers(open);
    describeFamilies(open);
    describeEnds(open);
    describeHandlersAndRetries(open);
  });
  describeChildCancels(name, open);
  describeChildRetention(name, open);
  describeItemChildren(name, open);
}

function describeStarts(open: OpenStore): void {
  test("an attempt at a step is one run, however many try at once", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const run = await world.submitFamily(simple());
    const [ready] = await world.readyChildren();
    if (ready === undefined) return expect.fail("nothing is ready");
    expect(ready).toMatchObject({ runId: run, index: 0, attempt: 0, depth: 0, dagName: "test" });
    expect(ready.child).toMatchObject({
      use: "leaf",
      params: {},
      isLocal: true,
      pinned: { dag: { name: "leaf" } },
    });
    const started = await Promise.all([1, 2, 3].map(() => world.startChild(ready)));
    const [child, ...others] = started.filter((id) => id !== undefined);
    expect([child === undefined, others]).toEqual([false, []]);
    expect(await world.phases(run)).toBe("running: call=running after=waiting");
    expect(await world.stepOf(run, "call")).toMatchObject({ kind: "dag", attempt: 1, childRunId: child });
    const read = await store.read.runRead({ id: parseRunId(String(child)) });
    expect(read).toMatchObject({ status: "queued", dagName: "leaf", trigger: { kind: "child" } });
    expect(read.parent).toEqual({ runId: run, stepId: "call", depth: 1 });
    const { runs: listed } = await store.read.runsList({ limit: 10 });
    expect(listed.map(({ parent }) => parent?.stepId)).toEqual(["call", undefined]);
    expect(await world.readyChildren()).toEqual([]);
  });

  test("parameters are evaluated when the step may start, with their types", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const params = { n: "${{ steps.a.outputs.n }}", list: ["${{ run.dag }}!", 2] };
    const work = { kind: "dag", use: "${{ steps.a.outputs.name }}", params } as const;
    const run = await world.submit(
      dag(step("a", [], { outputs: ["n", "name"] }), step("b", ["a"], { work })),
    );
    expect(await world.readyChildren()).toEqual([]);
    const worker = world.worker("w");
    const outputs = new Map<string, string | number>([
      ["n", 7],
      ["name", "other"],
    ]);
    await worker.finish(await worker.claim(run, "a"), { outputs });
    const [ready] = await world.readyChildren();
    expect(ready?.child).toEqual({ use: "other", params: { n: 7, list: ["test!", 2] }, isLocal: false });
  });
}

function describeWorkers(open: OpenStore): void {
  test("no worker is offered such a step, and no lease is ever on it", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const run = await world.submitFamily(simple());
    expect(await world.ready()).toEqual([]);
    const waiting = (await store.read.runRead({ id: run })).steps.flatMap(({ phase }, index) =>
      phase === "waiting" ? [index] : [],
    );
    const why = await store.read.stepsWhy({ runId: run, limit: 10 });
    expect([...why.keys()]).toEqual(waiting);
    await world.startOnly();
    await store.write.leasesTrust({ leaseUntil: world.now });
    await world.worker("w").greet();
    world.now += 3_600_000;
    expect(await world.expire()).toEqual([]);
    expect(await world.stepOf(run, "call")).toMatchObject({ phase: "running", attempt: 1 });
  });

  test("a worker that names such a step is told that it knows no such attempt", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const runId = await world.submitFamily(simple());
    await world.startOnly();
    const worker = world.worker("w");
    const stepId = (await world.stepOf(runId, "call")).id;
    const ref = { runId, stepId, attempt: 1, generation: store.generation };
    const refusal = { ref, reason: "unknown" };
    expect(await worker.start(ref)).toEqual([refusal]);
    expect(await worker.finish(ref)).toEqual(refusal);
    expect(await worker.renew(ref)).toEqual({ refusals: [refusal], cancelled: [] });
  });
}

function describeFamilies(open: OpenStore): void {
  test("one that cannot start fails its step, once, and blocks what is behind it", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const run = await world.submitFamily(
      simple({ retry: { limit: 3, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } }),
    );
    const failure = { code: "unknown_dag", message: "there is no DAG leaf" };
    const refusal = { runId: run, index: 0, attempt: 0, now: world.now, failure };
    expect([await store.write.stepRefuse(refusal), await store.write.stepRefuse(refusal)]).toEqual([
      true,
      false,
    ]);
    expect(await world.phases(run)).toBe("failed: call=failed after=blocked");
    const read = await store.read.runRead({ id: run });
    expect(read.failure?.message).toBe("step call: there is no DAG leaf");
    expect(read.steps[0]).toMatchObject({ attempt: 1, failure });
  });

  test("a child knows how deep it is, and starts its own with the pins of the first", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const locals = { mid: dag(call("deeper", "leaf")), leaf: dag(step("work")) };
    const run = await world.submitFamily(family(dag(call("call", "mid")), locals));
    const mid = await world.startOnly();
    const [ready] = await world.readyChildren();
    expect(ready).toMatchObject({ runId: mid, depth: 1, dagName: "mid", localOf: "test" });
    const leaf = await world.startOnly();
    expect((await store.read.runRead({ id: leaf })).parent).toEqual({
      runId: mid,
      stepId: "deeper",
      depth: 2,
    });
    await world.work(leaf);
    await world.settle();
    expect(await world.phases(run)).toBe("succeeded: call=succeeded");
  });
}

function describeEnds(open: OpenStore): void {
  test("success ends the step with the outputs that the DAG names, once", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const run = await world.submitFamily(simple());
    const child = await world.startOnly();
    await world.work(child);
    expect((await store.read.runRead({ id: child })).outputs).toEqual({ n: 7 });
    expect(await world.phases(run)).toBe("running: call=running after=waiting");
    const settlement = { childId: child, runId: run, now: world.now };
    await Promise.all([store.write.childSettle(settlement), store.write.childSettle(settlement)]);
    expect(await world.phases(run)).toBe("running: call=succeeded after=ready");
    expect((await world.stepOf(run, "call")).outputs).toEqual({ n: 7 });
    const { ended } = await store.read.childrenDue({ now: world.now, limit: 10 });
    expect(ended).toEqual([]);
    const { events } = await store.read.runEvents({ id: run, afterSeq: 0, limit: 100 });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  });

  test("failure names the child; a retry is a new run, when its time has come", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const retry = { limit: 1, backoff: "fixed", delayMs: 5000, maxDelayMs: 5000 } as const;
    const run = await world.submitFamily(simple({ retry }));
    const worker = world.worker("w");
    const first = await world.startOnly();
    await worker.fail(await worker.claim(first, "work"));
    await world.settle();
    expect(await world.phases(run)).toBe("running: call=ready after=waiting");
    const waiting = await store.read.childrenReady({ now: world.now, limit: 10 });
    expect(waiting).toEqual({ steps: [], nextDue: world.now + 5000 });
    world.now += 5000;
    const second = await world.startOnly();
    expect(await world.stepOf(run, "call")).toMatchObject({ attempt: 2, childRunId: second });
    await worker.fail(await worker.claim(second, "work"));
    await world.settle();
    expect(await world.phases(run)).toBe("failed: call=failed after=blocked");
    expect((await world.stepOf(run, "call")).failure).toEqual({
      code: "child_failed",
      message: `run ${second} of leaf: step work: no`,
    });
  });

  test("a child whose steps are all skipped ends as it is started", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const leaf = dag(step("work", [], { condition: "false" }));
    const run = await world.submitFamily(family(dag(call("call", "leaf")), { leaf }));
    await world.startOnly();
    await world.settle();
    expect(await world.phases(run)).toBe("succeeded: call=succeeded");
  });
}

function describeHandlersAndRetries(open: OpenStore): void {
  test("a handler may be a run of its own, and the run ends after it", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const spec = family(withHandlers(dag(step("a")), { onSuccess: [call("h", "leaf")] }), {
      leaf: dag(step("work")),
    });
    const run = await world.submitFamily(spec);
    expect(await world.readyChildren()).toEqual([]);
    const worker = world.worker("w");
    await worker.finish(await worker.claim(run, "a"));
    const child = await world.startOnly();
    await world.work(child);
    expect(await world.phases(run)).toBe("running: a=succeeded h=running");
    await world.settle();
    expect(await world.phases(run)).toBe("succeeded: a=succeeded h=succeeded");
  });

  test("a retry of the parent keeps what succeeded and starts the others anew, with the same pins", async () => {
    await using store = await open();
    const world = new ChildrenWorld(store);
    const locals = { leaf: dag(step("work", [], { outputs: ["n"] })) };
    const run = await world.submitFamily(family(dag(call("good", "leaf"), call("bad", "leaf")), locals));
    const [good, bad] = await world.readyChildren();
    if (good === undefined || bad === undefined) return expect.fail("two are ready");
    const worker = world.worker("w");
    await world.work(parseRunId(String(await world.startChild(good))));
    await worker.fail(await worker.claim(parseRunId(String(await world.startChild(bad))), "work"));
    await world.settle();
    expect(await world.phases(run)).toBe("failed: good=succeeded bad=failed");
    const again = await world.retry(run);
    expect(await world.phases(again)).toBe("queued: good=succeeded bad=ready");
    await world.work(await world.startOnly());
    await world.settle();
    expect(await world.phases(again)).toBe("succeeded: good=succeeded bad=succeeded");
    const whole = await world.retry(run, { fromStep: "good" });
    expect((await world.readyChildren()).map(({ runId, index }) => [runId, index])).toEqual([
      [whole, 0],
      [whole, 1],
    ]);
  });
}

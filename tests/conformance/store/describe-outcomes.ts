/** What becomes of steps with `if` and `continueOnError`: decided once, in the commit of the last end before them. */

import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, World } from "./store-world.ts";

const chainLength = 5000;
const fanOutWidth = 10_000;

export function describeOutcomes(name: string, open: OpenStore): void {
  describe(`${name}: outcomes of steps`, () => {
    test("a step is decided when all its dependencies have ended, not before", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a"), step("b"), step("c", ["a", "b"])));
      await worker.fail(await worker.claim(run, "a"));
      expect(await world.phases(run)).toBe("running: a=failed b=ready c=waiting");
      await worker.finish(await worker.claim(run, "b"));
      expect(await world.phases(run)).toBe("failed: a=failed b=succeeded c=blocked");
    });

    test("an `if` looks at outputs and statuses; false skips, and what depends on it goes on", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(
        dag(
          step("a", [], { outputs: ["n"] }),
          step("many", ["a"], { condition: "steps.a.outputs.n > 10" }),
          step("few", ["a"], { condition: "steps.a.status == 'succeeded' && steps.a.outputs.n <= 10" }),
          step("last", ["many", "few"]),
        ),
      );
      await worker.finish(await worker.claim(run, "a"), { outputs: new Map([["n", "9"]]) });
      expect(await world.phases(run)).toBe("running: a=succeeded many=skipped few=ready last=waiting");
      await worker.finish(await worker.claim(run, "few"));
      await worker.finish(await worker.claim(run, "last"));
      expect(await world.phases(run)).toBe(
        "succeeded: a=succeeded many=skipped few=succeeded last=succeeded",
      );
    });
  });

  describeFailures(name, open);
  describeWithoutWaiting(name, open);
  describeStartWithEnd(name, open);
  describeMany(name, open);
}

function describeFailures(name: string, open: OpenStore): void {
  describe(`${name}: failures that are not the end`, () => {
    test("a failure that is excused lets the run succeed, and shows", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(
        dag(
          step("a", [], { continueOnError: true }),
          step("b", ["a"]),
          step("c", ["a"], { condition: "failure()", env: { WHY: "${{ run.error }}" } }),
        ),
      );
      await worker.fail(await worker.claim(run, "a"));
      expect(await world.phases(run)).toBe("running: a=failed b=ready c=ready");
      await worker.finish(await worker.claim(run, "b"));
      await worker.finish(await worker.claim(run, "c"));
      expect(await world.phases(run)).toBe("succeeded: a=failed b=succeeded c=succeeded");
      const { steps, failure } = await store.read.runRead({ id: run });
      expect(failure).toBeUndefined();
      expect(steps[0]).toMatchObject({ continueOnError: true, failure: { code: "exit_code" } });
      expect(steps[2]).toMatchObject({ condition: "failure()" });
    });

    test("a rescued branch goes on, knows why, and the run has failed all the same", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const env = { WHY: "${{ run.error }}", HOW: "${{ steps.a.status }}" };
      const run = await world.submit(
        dag(step("a"), step("b", ["a"]), step("c", ["b"], { condition: "always()", env }), step("d", ["c"])),
      );
      await worker.fail(await worker.claim(run, "a"));
      expect(await world.phases(run)).toBe("running: a=failed b=blocked c=ready d=waiting");
      const claimed = await worker.tryClaim(run, "c");
      expect(claimed?.data).toMatchObject({
        statuses: new Map([["a", "failed"]]),
        run: { error: "step a: no" },
      });
      const { runId, stepId, attempt, generation } = claimed ?? expect.fail("c was not claimed");
      await worker.finish({ runId, stepId, attempt, generation });
      await worker.finish(await worker.claim(run, "d"));
      expect(await world.phases(run)).toBe("failed: a=failed b=blocked c=succeeded d=succeeded");
    });

    test("a cancel starts nothing, whatever its `if` says", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a"), step("b", ["a"], { condition: "always()" })));
      const ref = await worker.claim(run, "a");
      await store.write.runCancel({ id: run, now: world.now });
      await worker.finish(ref, { outcome: "cancelled" });
      expect(await world.phases(run)).toBe("cancelled: a=cancelled b=cancelled");
    });
  });
}

function describeWithoutWaiting(name: string, open: OpenStore): void {
  describe(`${name}: outcomes at the start of a run`, () => {
    test("steps that wait for nobody are decided with the submission, which may end the run", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(
        dag(step("a", [], { condition: "false" }), step("b", ["a"], { condition: "failure()" })),
      );
      expect(await world.phases(run)).toBe("succeeded: a=skipped b=skipped");
      const { events } = await store.read.runEvents({ id: run, afterSeq: 0, limit: 10 });
      expect(events.map(({ change }) => (change.kind === "run" ? change.status : change.phase))).toEqual([
        "queued",
        "skipped",
        "skipped",
        "succeeded",
      ]);
      const other = await world.submit(dag(step("a", [], { condition: "true" })));
      expect(await world.phases(other)).toBe("queued: a=ready");
    });

    test("a retry decides skipped steps anew behind what is done again, and keeps the others", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(
        dag(
          step("kept", [], { condition: "false" }),
          step("a", ["kept"], { outputs: ["go"] }),
          step("b", ["a"], { condition: "steps.a.outputs.go == true" }),
          step("c", ["b"]),
        ),
      );
      await worker.finish(await worker.claim(run, "a"), { outputs: new Map([["go", "false"]]) });
      await worker.fail(await worker.claim(run, "c"));
      expect(await world.phases(run)).toBe("failed: kept=skipped a=succeeded b=skipped c=failed");
      const again = await world.retry(run);
      expect(await world.phases(again)).toBe("queued: kept=skipped a=succeeded b=skipped c=ready");
      await store.write.runCancel({ id: again, now: world.now });
      const whole = await world.retry(run, { fromStep: "a" });
      expect(await world.phases(whole)).toBe("queued: kept=skipped a=ready b=waiting c=waiting");
      await worker.finish(await worker.claim(whole, "a"), { outputs: new Map([["go", "true"]]) });
      expect(await world.phases(whole)).toBe("running: kept=skipped a=succeeded b=ready c=waiting");
      const fromSkipped = await world.retry(run, { fromStep: "b" });
      expect(await world.phases(fromSkipped)).toBe("queued: kept=skipped a=succeeded b=skipped c=ready");
    });
  });
}

function describeMany(name: string, open: OpenStore): void {
  describe(`${name}: outcomes of many steps`, () => {
    test(`a chain of ${chainLength} skipped steps ends with its submission`, async () => {
      await using store = await open();
      const world = new World(store);
      const chain = Array.from({ length: chainLength }, (_, index) =>
        step(`s${index}`, index === 0 ? [] : [`s${index - 1}`], { condition: "false" }),
      );
      const run = await world.submit(dag(...chain));
      const [{ id, status } = expect.fail("no run")] = (await store.read.runsList({ limit: 1 })).runs;
      expect([id, status]).toEqual([run, "succeeded"]);
      const page = { id: run, afterSeq: chainLength, limit: 10 };
      expect((await store.read.runEvents(page)).events.map(({ seq }) => seq)).toEqual([
        chainLength + 1,
        chainLength + 2,
      ]);
    });

    test(`a failure ends a fan-out of ${fanOutWidth} and what waits for all of it`, async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const names = Array.from({ length: fanOutWidth }, (_, index) => `f${index}`);
      const fan = names.map((id, index) =>
        step(id, ["a"], index % 2 === 0 ? {} : { condition: "failure() && false" }),
      );
      const run = await world.submit(dag(step("a"), ...fan, step("z", names)));
      await worker.fail(await worker.claim(run, "a"));
      const { status, steps } = await store.read.runRead({ id: run });
      expect(status).toBe("failed");
      expect(new Set(steps.slice(1).map(({ phase }) => phase))).toEqual(new Set(["blocked"]));
    });
  });
}

function describeStartWithEnd(name: string, open: OpenStore): void {
  describe(`${name}: starts`, () => {
    test("a start that is told with its end is an event and a date as any other", async () => {
      await using store = await open();
      const world = new World(store);
      const retry = { limit: 1, backoff: "fixed", delayMs: 5000, maxDelayMs: 5000 } as const;
      const run = await world.submit(dag(step("a"), step("b", [], { retry })));
      const worker = world.worker("w1");
      const failure = { code: "exit_code", message: "no" };
      const report = { outputs: new Map(), artifacts: [], logs: [] };
      const startedAt = world.now + 5;
      const results = [
        { result: { ...report, ref: await worker.claim(run, "a"), outcome: "succeeded" }, startedAt },
        { result: { ...report, ref: await worker.claim(run, "b"), outcome: "failed", failure }, startedAt },
      ] as const;
      world.now += 10;
      const digested = results.map((each) => ({ ...each, resultDigest: "d" }));
      expect(
        await store.write.attemptsFinish({ results: digested, workerId: worker.id, now: world.now }),
      ).toEqual([]);
      const { steps } = await store.read.runRead({ id: run });
      expect(steps[0]).toMatchObject({ phase: "succeeded", startedAt, endedAt: world.now });
      const { events } = await store.read.runEvents({ id: run, afterSeq: 0, limit: 100 });
      const told = events.flatMap(({ at, change }) =>
        change.kind === "step" ? [`${change.stepId} ${change.phase} ${at - startedAt}`] : [],
      );
      expect(told.slice(2)).toEqual(["a running 0", "b running 0", "a succeeded 5", "b ready 5"]);
    });
  });
}

/** Steps that ask a person: asked by the commit that frees them, ended by the first answer or by the silence. */

import type { Answer, HumanSpec, RunId, StepSpec } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, type World as StoreWorld, step, World, withHandlers } from "./store-world.ts";

const dayMs = 86_400_000;

/** A step that asks. */
export const human = (id: string, depends: string[] = [], more: Partial<HumanSpec> = {}): StepSpec =>
  step(id, depends, { work: { kind: "human", prompt: "ok?", approvers: [], onTimeout: "fail", ...more } });

const yes: Answer = { decision: "approved", by: "admin", fields: {} };
const no: Answer = { decision: "rejected", by: "admin", comment: "not now", fields: {} };

export const say = (world: StoreWorld, runId: RunId, stepId: string, answer: Answer = yes) =>
  world.store.write.stepAnswer({ runId, stepId, answer, digest: JSON.stringify(answer), now: world.now });

export function describeApprovals(name: string, open: OpenStore): void {
  describe(`${name}: approvals`, () => {
    test("a step that is free to go asks, and holds no worker; the answer frees what comes after it", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const prompt = "Ship ${{ steps.a.outputs.n }}?";
      const run = await world.submit(
        dag(
          step("a", [], { outputs: ["n"] }),
          human("ask", ["a"], { prompt, timeoutMs: dayMs, approvers: ["ops"] }),
          step("b", ["ask"], { env: { WHO: "${{ steps.ask.outputs.by }}" } }),
        ),
      );
      await worker.finish(await worker.claim(run, "a"), { outputs: new Map([["n", 7]]) });
      expect(await world.phases(run)).toBe("running: a=succeeded ask=suspended b=waiting");
      expect(await world.ready()).toEqual([]);
      expect(await worker.tryClaim(run, "ask")).toBeUndefined();
      const [, asked] = (await store.read.runRead({ id: run })).steps;
      expect(asked?.approval).toEqual({
        prompt: "Ship 7?",
        approvers: ["ops"],
        askedAt: world.now,
        dueAt: world.now + dayMs,
        onTimeout: "fail",
      });
      world.now += 1000;
      const answer = { ...yes, onBehalfOf: "Ann", fields: { ring: "all" } };
      expect(await say(world, run, "ask", answer)).toEqual({ existed: false });
      expect(await world.phases(run)).toBe("running: a=succeeded ask=succeeded b=ready");
      const claimed = await worker.tryClaim(run, "b");
      expect(claimed?.data.outputs).toEqual(new Map([["ask/by", "admin"]]));
      const [, after] = (await store.read.runRead({ id: run })).steps;
      expect(after).toMatchObject({
        outputs: { decision: "approved", by: "admin", onBehalfOf: "Ann", ring: "all" },
        approval: { answer: { ...answer, at: world.now } },
        endedAt: world.now,
      });
    });

    test("one that waits for nobody asks with the submission, and the run has begun", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(dag(human("ask"), human("never", ["ask"])));
      expect(await world.phases(run)).toBe("running: ask=suspended never=waiting");
      const { events } = await store.read.runEvents({ id: run, afterSeq: 0, limit: 10 });
      const told = events.map(({ change }) => (change.kind === "run" ? change.status : change.phase));
      expect(told).toEqual(["queued", "running", "suspended"]);
      await say(world, run, "ask", no);
      expect(await world.phases(run)).toBe("failed: ask=failed never=blocked");
      expect((await store.read.runRead({ id: run })).failure).toEqual({
        code: "rejected",
        message: "step ask: rejected by admin: not now",
      });
    });
  });

  describeRepeated(name, open);
  describeRefused(name, open);
  describeSilence(name, open);
  describeListed(name, open);
}

function describeRepeated(name: string, open: OpenStore): void {
  describe(`${name}: answers`, () => {
    test("the first one counts: the same again is accepted once, another one is a conflict", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(dag(human("ask"), step("b", ["ask"])));
      const answers = await Promise.allSettled([
        say(world, run, "ask"),
        say(world, run, "ask"),
        say(world, run, "ask", no),
        say(world, run, "ask"),
      ]);
      const accepted = answers.filter(({ status }) => status === "fulfilled");
      expect(accepted.length === 3 || accepted.length === 1).toBe(true);
      const first = accepted.length === 3 ? yes : no;
      expect(await say(world, run, "ask", first)).toEqual({ existed: true });
      const other = say(world, run, "ask", first === yes ? no : yes);
      await expect(other).rejects.toMatchObject({ fault: "conflict", code: "already_answered" });
      const { events } = await store.read.runEvents({ id: run, afterSeq: 0, limit: 100 });
      const ends = events.filter(
        ({ change }) => change.kind === "step" && change.stepId === "ask" && change.phase !== "suspended",
      );
      expect(ends).toHaveLength(1);
    });
  });
}

function describeRefused(name: string, open: OpenStore): void {
  describe(`${name}: answers that are refused`, () => {
    test("to a step that asks nobody, was not asked yet, or does not exist", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(dag(step("a"), human("ask", ["a"])));
      await expect(say(world, run, "a")).rejects.toMatchObject({ code: "not_human" });
      await expect(say(world, run, "ask")).rejects.toMatchObject({ fault: "conflict", code: "not_waiting" });
      await expect(say(world, run, "none")).rejects.toMatchObject({ code: "unknown_step" });
      await expect(store.read.questionRead({ runId: run, stepId: "a" })).rejects.toMatchObject({
        code: "not_human",
      });
    });

    test("to a step that was cancelled with its run", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(dag(human("ask")));
      await store.write.runCancel({ id: run, now: world.now });
      expect(await world.phases(run)).toBe("cancelled: ask=cancelled");
      await expect(say(world, run, "ask")).rejects.toThrow("any more: it was cancelled");
    });

    test("that come too late, even if nobody has noticed yet", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(dag(human("ask", [], { timeoutMs: dayMs })));
      world.now += dayMs;
      await expect(say(world, run, "ask")).rejects.toThrow("its time was over; onTimeout is fail");
      expect(await world.phases(run)).toBe("running: ask=suspended");
    });

    test("and a prompt that is too large with its values fails its step, by name", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const prompt = "${{ steps.a.outputs.n }}".repeat(2);
      const run = await world.submit(
        dag(step("a", [], { outputs: ["n"] }), human("ask", ["a"], { prompt }), step("b", ["ask"])),
      );
      await worker.finish(await worker.claim(run, "a"), { outputs: new Map([["n", "x".repeat(40_000)]]) });
      expect(await world.phases(run)).toBe("failed: a=succeeded ask=failed b=blocked");
      expect((await store.read.runRead({ id: run })).failure?.code).toBe("prompt_too_large");
    });
  });
}

function describeSilence(name: string, open: OpenStore): void {
  describe(`${name}: questions that nobody answers`, () => {
    test.each([
      ["fail", "failed: ask=failed b=blocked", { code: "approval_timeout" }],
      ["reject", "failed: ask=failed b=blocked", { code: "rejected" }],
      ["approve", "running: ask=succeeded b=ready", undefined],
    ] as const)("end as onTimeout says: %s", async (onTimeout, phases, failure) => {
      await using store = await open();
      const world = new World(store);
      const fieldsOnTimeout = { ring: "canary" };
      const spec = human("ask", [], { timeoutMs: dayMs, onTimeout, fieldsOnTimeout });
      const run = await world.submit(dag(spec, step("b", ["ask"])));
      world.now += dayMs - 1;
      expect(await world.sweep()).toEqual([]);
      world.now += 1;
      expect(await world.sweep()).toEqual([`answer ${run}`]);
      expect(await world.phases(run)).toBe(phases);
      expect(await world.sweep()).toEqual([]);
      const [ask] = (await store.read.runRead({ id: run })).steps;
      if (failure !== undefined) expect(ask?.failure).toMatchObject(failure);
      else expect(ask?.outputs).toEqual({ decision: "approved", by: "timeout", ring: "canary" });
      await expect(say(world, run, "ask")).rejects.toMatchObject({ fault: "conflict" });
    });

    test("an answer just in time wins, and the time limit finds nothing any more", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(dag(human("ask", [], { timeoutMs: dayMs })));
      const { due } = await store.read.deadlinesDue({ now: world.now + dayMs, limit: 10 });
      expect(due).toEqual([{ kind: "answer", runId: run, index: 0, due: world.now + dayMs }]);
      await say(world, run, "ask");
      world.now += dayMs;
      for (const each of due) await store.write.deadlineServe({ ...each, now: world.now });
      expect(await world.phases(run)).toBe("succeeded: ask=succeeded");
    });

    test("a rejection that is excused lets the run go on, and handlers see who said what", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const env = { WHY: "${{ steps.ask.outputs.comment }}" };
      const spec = dag({ ...human("ask"), continueOnError: true }, step("b", ["ask"]), human("last", ["b"]));
      const run = await world.submit(withHandlers(spec, { onFailure: [step("tell", [], { env })] }));
      await say(world, run, "ask", no);
      await worker.finish(await worker.claim(run, "b"));
      await say(world, run, "last", { ...no, comment: "no!" });
      expect(await world.phases(run)).toBe("running: ask=failed b=succeeded last=failed tell=ready");
      expect((await worker.tryClaim(run, "tell"))?.data.outputs).toEqual(
        new Map([["ask/comment", "not now"]]),
      );
    });

    test("a retry asks again what was not approved, and keeps what was", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(dag(human("one"), human("two", ["one"])));
      await say(world, run, "one");
      await say(world, run, "two", no);
      const again = await world.retry(run);
      expect(await world.phases(again)).toBe("running: one=succeeded two=suspended");
      await expect(say(world, again, "one")).rejects.toMatchObject({ code: "not_waiting" });
      await say(world, again, "two");
      expect(await world.phases(again)).toBe("succeeded: one=succeeded two=succeeded");
    });
  });
}

function describeListed(name: string, open: OpenStore): void {
  describe(`${name}: what waits for a person`, () => {
    test("is listed over all runs, oldest first, page by page, until it is answered", async () => {
      await using store = await open();
      const world = new World(store);
      const list = async (limit = 100, dagName = "") => {
        const found: string[] = [];
        let after: { runNo: number; index: number } | undefined;
        for (;;) {
          const page = await store.read.approvalsWaiting({
            dagName,
            limit,
            ...(after === undefined ? {} : { after }),
          });
          found.push(...page.map(({ waiting }) => `${waiting.dagName}/${waiting.stepId}`));
          after = page.at(-1)?.place;
          if (page.length < limit || after === undefined) return found;
        }
      };
      expect(await list()).toEqual([]);
      const form = { properties: { a: {} } };
      const runs = [];
      for (const dagName of ["one", "two", "three"]) {
        const spec = {
          ...dag(human("x", [], { form }), step("other"), human("y"), human("z", ["x"])),
          name: dagName,
        };
        runs.push(await world.submit(spec));
      }
      const all = ["one/x", "one/y", "two/x", "two/y", "three/x", "three/y"];
      expect(await list()).toEqual(all);
      expect(await list(1)).toEqual(all);
      expect(await list(4)).toEqual(all);
      expect(await list(1, "two")).toEqual(["two/x", "two/y"]);
      const [first, second] = runs;
      if (first === undefined || second === undefined) return expect.fail("no runs");
      await say(world, first, "x");
      await store.write.runCancel({ id: second, now: world.now });
      expect(await list(2)).toEqual(["one/y", "one/z", "three/x", "three/y"]);
      const [waiting] = await store.read.approvalsWaiting({ dagName: "three", limit: 1 });
      expect(waiting?.waiting).toMatchObject({ runId: runs[2], prompt: "ok?", form, askedAt: world.now });
    });
  });
}

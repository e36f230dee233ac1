/** Answers, time limits and pauses; and those that come over two coordinators of one database at the same moment. */

import type { Answer } from "@haversack/protocol";
import { expect, test } from "vitest";
import { withPostgres } from "../../support/postgres.ts";
import { openPostgres, twoOnPostgres } from "../../support/postgres-store.ts";
import { human, say } from "./describe-approvals.ts";
import { describeWaiting } from "./describe-waiting.ts";
import { dag, step, World } from "./store-world.ts";

const hourMs = 3_600_000;
const rounds = 10;

const two = () => twoOnPostgres((store) => new World(store));

withPostgres("two coordinators on one PostgreSQL", () => {
  test("of two answers over both one counts, and what comes after it is released once", async () => {
    await using both = await two();
    const [one, other] = both.worlds;
    const no: Answer = { decision: "rejected", by: "admin", fields: {} };
    for (let round = 0; round < rounds; round++) {
      const run = await one.submit(dag(human("ask"), step("b", ["ask"])));
      const answers = await Promise.allSettled([
        say(one, run, "ask"),
        say(other, run, "ask", no),
        say(other, run, "ask"),
        say(one, run, "ask", no),
      ]);
      const told = answers.map((each) =>
        each.status === "fulfilled" ? each.value.existed : each.reason.code,
      );
      const counted = told[0] === "already_answered" ? [told[1], told[3]] : [told[0], told[2]];
      expect(new Set(counted)).toEqual(new Set([false, true]));
      expect(told.filter((each) => each === "already_answered")).toHaveLength(2);
      const { events } = await other.store.read.runEvents({ id: run, afterSeq: 0, limit: 100 });
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      const steps = events.flatMap(({ change }) => (change.kind === "step" ? [change.phase] : []));
      expect(steps.filter((phase) => phase !== "suspended")).toHaveLength(2);
    }
  });

  test("what both find due at once is ended once, and an answer at that moment wins or is too late", async () => {
    await using both = await two();
    const [one, other] = both.worlds;
    for (let round = 0; round < rounds; round++) {
      const spec = dag(human("ask", [], { timeoutMs: hourMs }), step("q", [], { queueTimeoutMs: hourMs }));
      const run = await one.submit({ ...spec, timeoutMs: 2 * hourMs });
      const answer = say(one, run, "ask").catch(({ code }: { code: string }) => code);
      one.now = other.now = one.now + hourMs;
      const late = say(other, run, "ask").catch(({ code }: { code: string }) => code);
      await Promise.all([one.sweep(), other.sweep(), answer, late]);
      await Promise.all([one.sweep(), other.sweep()]);
      const { status, steps } = await one.store.read.runRead({ id: run });
      const wasAnswered = steps[0]?.phase === "succeeded";
      expect([status, steps[1]?.phase]).toEqual(["failed", "failed"]);
      expect(steps[0]?.failure?.code).toBe(wasAnswered ? undefined : "approval_timeout");
      const { events } = await one.store.read.runEvents({ id: run, afterSeq: 0, limit: 100 });
      const ends = events.flatMap(({ change }) => (change.kind === "step" ? [change.stepId] : []));
      expect(ends.toSorted()).toEqual(["ask", "ask", "q"]);
    }
  });

  test("a pause over one and claims over the other: what was claimed came first, and nothing after it", async () => {
    await using both = await two();
    const [one, other] = both.worlds;
    const worker = other.worker("w");
    for (let round = 0; round < rounds; round++) {
      const run = await one.submit(dag(...Array.from({ length: 8 }, (_, index) => step(`s${index}`))));
      const claims = Array.from({ length: 8 }, (_, index) => worker.tryClaim(run, `s${index}`));
      await Promise.all([one.pause(run), ...claims]);
      const { events } = await one.store.read.runEvents({ id: run, afterSeq: 0, limit: 100 });
      const paused = events.findIndex(({ change }) => change.kind === "run" && change.paused === true);
      const leased = events.flatMap(({ change }, at) =>
        change.kind === "step" && change.phase === "leased" ? [at] : [],
      );
      expect(paused).toBeGreaterThan(-1);
      expect(leased.filter((at) => at > paused)).toEqual([]);
      expect(await worker.tryClaim(run, "s7")).toBeUndefined();
      await other.store.write.runCancel({ id: run, now: one.now });
    }
  });
});

withPostgres("postgres", () => {
  describeWaiting("postgres", openPostgres);
});

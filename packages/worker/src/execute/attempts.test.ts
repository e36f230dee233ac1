import { readdir, writeFile } from "node:fs/promises";
import type { AttemptRef } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { turns, until } from "../../../../tests/support/fake-clock.ts";
import { attemptWorld, ofKind, refOf, taskOf } from "../testing/attempt-world.ts";

type World = Awaited<ReturnType<typeof attemptWorld>>;
const give = ({ attempts }: World, ...steps: string[]) =>
  attempts.take({ kind: "tasks", tasks: steps.map((step) => taskOf(step)) });
const running = ({ executor }: World, count: number) => until(() => executor.running.size === count);
const told = (world: World, ...expected: string[]) =>
  until(() => String(results(world).toSorted()) === String(expected.toSorted()), expected.join());
const isEmpty = async (folder: string) => (await readdir(folder)).length === 0;
const granted = ({ sent }: World) => ofKind(sent, "credits").map(({ grantedTotal }) => grantedTotal);
const results = ({ sent }: World) =>
  ofKind(sent, "results").flatMap(({ results }) =>
    results.map(({ ref, outcome }) => `${ref.stepId} ${outcome}`),
  );
const accept = ({ attempts }: World, ...refs: AttemptRef[]) => attempts.take({ kind: "resultAcks", refs });

describe("credits", () => {
  test("a session begins with one for each slot", async () => {
    await using world = await attemptWorld(3);
    world.up();
    await turns(1);
    expect(granted(world)).toEqual([3]);
  });

  test("a slot is free again when the result is sealed, before it is acknowledged", async () => {
    await using world = await attemptWorld(2);
    world.up();
    give(world, "a", "b");
    await running(world, 2);
    world.executor.running.get("a")?.end();
    await until(() => String(granted(world)) === String([2, 3]));
    expect(world.attempts.held()).toEqual([refOf("a"), refOf("b")]);
    world.executor.running.get("b")?.end();
    await told(world, "a succeeded", "b succeeded");
    accept(world, refOf("a"), refOf("b"));
    expect(world.attempts.held()).toEqual([]);
  });

  test("a session that begins while attempts run counts them out, and tells them again", async () => {
    await using world = await attemptWorld(3);
    world.up();
    give(world, "a", "b");
    await running(world, 2);
    world.uplink.down();
    world.sent.length = 0;
    world.up();
    await turns();
    expect(granted(world)).toEqual([1]);
    expect(ofKind(world.sent, "started").flatMap(({ refs }) => refs)).toEqual([refOf("a"), refOf("b")]);
    world.executor.running.get("a")?.end();
    await until(() => String(granted(world)) === String([1, 2]));
    world.executor.running.get("b")?.end();
    await until(() => String(granted(world)) === String([1, 2, 3]));
  });

  test("whatever happens, a coordinator that keeps to them never fills more than the slots (W1)", async () => {
    const action = fc.constantFrom("give", "end", "redial", "turn");
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        async (actions, slots) => {
          await using world = await attemptWorld(slots);
          let [sentTotal, name] = [0, 0];
          world.up();
          await turns();
          for (const each of actions) {
            if (each === "give") {
              const credits = (granted(world).at(-1) ?? 0) - sentTotal;
              for (let task = 0; task < credits; task++) give(world, `s${name++}`);
              sentTotal += Math.max(0, credits);
            }
            if (each === "end") world.executor.running.values().next().value?.end();
            if (each === "redial") {
              world.uplink.down();
              world.sent.length = 0;
              sentTotal = 0;
              world.up();
            }
            await turns(3);
          }
          expect(world.executor.peak).toBeLessThanOrEqual(slots);
          while (world.executor.started < name || world.executor.running.size > 0) {
            for (const execution of world.executor.running.values()) execution.end();
            await turns(2);
          }
          await world.attempts.endAll(0, AbortSignal.abort());
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("what the coordinator says", () => {
  test("the same task twice is the same attempt", async () => {
    await using world = await attemptWorld();
    world.up();
    give(world, "a", "a");
    give(world, "a");
    await running(world, 1);
    world.executor.running.get("a")?.end();
    await told(world, "a succeeded");
    give(world, "a");
    await turns();
    expect(world.executor.started).toBe(1);
    accept(world, refOf("a"));
  });

  test("a cancel ends the attempt, and its result says so", async () => {
    await using world = await attemptWorld();
    world.up();
    give(world, "a");
    await running(world, 1);
    world.attempts.take({ kind: "cancels", refs: [refOf("a"), refOf("unknown")] });
    expect(world.executor.running.get("a")?.signal.reason).toMatchObject({
      why: "cancelled",
      graceMs: 10_000,
    });
    world.executor.running.get("a")?.obey();
    await told(world, "a cancelled");
    accept(world, refOf("a"));
  });

  test("a refused attempt is ended without a word, and its spool is gone", async () => {
    await using world = await attemptWorld();
    world.up();
    give(world, "a");
    await running(world, 1);
    await world.executor.running.get("a")?.context.log.write("stdout", Buffer.from("x"));
    world.attempts.take({ kind: "refusals", refusals: [{ ref: refOf("a"), reason: "superseded" }] });
    world.executor.running.get("a")?.obey();
    await until(() => world.attempts.held().length === 0);
    expect(results(world)).toEqual([]);
    expect(await readdir(world.parts.spoolRoot)).toEqual([]);
    expect(granted(world)).toEqual([2, 3]);
  });

  test("a refused result is dropped", async () => {
    await using world = await attemptWorld();
    world.up();
    give(world, "a");
    await running(world, 1);
    world.executor.running.get("a")?.end();
    await told(world, "a succeeded");
    world.attempts.take({ kind: "refusals", refusals: [{ ref: refOf("a"), reason: "terminal" }] });
    expect(world.attempts.held()).toEqual([]);
    await until(() => isEmpty(world.parts.spoolRoot));
  });

  test("what belongs to the session is a bug here", async () => {
    await using world = await attemptWorld();
    expect(() => world.attempts.take({ kind: "heartbeatAck", seq: 1 })).toThrow("is not for attempts");
  });
});

describe("a lost lease", () => {
  test("ends everything that runs, reports nothing of it, and keeps sealed results", async () => {
    await using world = await attemptWorld();
    world.up();
    give(world, "a", "b");
    await running(world, 2);
    world.executor.running.get("a")?.end();
    await told(world, "a succeeded");
    world.uplink.down();
    world.sent.length = 0;
    world.attempts.loseAll(2000);
    expect(world.executor.running.get("b")?.signal.reason).toMatchObject({
      why: "lease-lost",
      graceMs: 2000,
    });
    world.executor.running.get("b")?.obey();
    await until(() => world.attempts.held().length === 1);
    expect(world.attempts.held()).toEqual([refOf("a")]);
    world.up();
    await told(world, "a succeeded");
    accept(world, refOf("a"));
  });

  test("while the result is being sealed leaves nothing that is held for ever", async () => {
    await using world = await attemptWorld();
    give(world, "a");
    await running(world, 1);
    world.executor.running.get("a")?.end();
    // Sealing comes right after the work folder is gone, and takes several turns: an fsync and a rename.
    await until(() => isEmpty(world.parts.workRoot));
    world.attempts.loseAll(2000);
    await until(() => world.attempts.held().length === 0);
    world.up();
    await turns(10);
    expect(results(world)).toEqual([]);
  });
});

describe("stopping", () => {
  test("a draining worker is done when nothing runs, whether its results are acknowledged or not, and gets no credits", async () => {
    await using world = await attemptWorld();
    world.up();
    give(world, "a");
    await running(world, 1);
    let drained = false;
    const draining = world.attempts.drain(new AbortController().signal).then(() => (drained = true));
    await turns();
    expect(drained).toBe(false);
    world.executor.running.get("a")?.end();
    await draining;
    await told(world, "a succeeded");
    expect(world.attempts.held()).toEqual([refOf("a")]);
    world.up();
    await turns();
    expect(granted(world)).toEqual([2, 2, 0]);
    expect(ofKind(world.sent, "credits").map(({ closed }) => closed)).toEqual([undefined, true, true]);
  });

  test("a task that comes while it drains is handed back as it came", async () => {
    await using world = await attemptWorld();
    world.up();
    const hurry = new AbortController();
    give(world, "a");
    await running(world, 1);
    const draining = world.attempts.drain(hurry.signal);
    give(world, "late");
    await told(world, "late returned");
    expect(world.executor.started).toBe(1);
    hurry.abort();
    await draining;
    world.executor.running.get("a")?.end();
    await told(world, "late returned", "a succeeded");
    accept(world, refOf("a"), refOf("late"));
  });

  test("without waiting, what runs is handed back, and told at the next start if nobody listens now", async () => {
    await using world = await attemptWorld();
    give(world, "a");
    await running(world, 1);
    const ending = world.attempts.endAll(3000, AbortSignal.abort());
    world.executor.running.get("a")?.obey();
    await ending;
    await world.attempts.reopen();
    expect(world.attempts.held()).toEqual([refOf("a")]);
    world.up();
    await told(world, "a returned");
    accept(world, refOf("a"));
    await until(() => isEmpty(world.parts.spoolRoot));
  });

  test("a spool folder that cannot be written stops the worker, with the reason", async () => {
    await using world = await attemptWorld();
    await writeFile(world.parts.spoolRoot, "a file");
    give(world, "a");
    await until(() => world.broken.length > 0);
    expect(world.broken).toMatchObject([{ code: "spool_failed" }]);
    expect(world.attempts.held()).toEqual([]);
  });
});

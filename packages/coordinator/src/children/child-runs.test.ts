/** The loop that looks after child runs, on a store that a test scripts. */

import { parseRunId, type RunId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { FakeClock, fakePorts, until } from "../../../../tests/support/fake-clock.ts";
import type { Store } from "../store/store.ts";
import { childRuns } from "./child-runs.ts";

const nothing = { ended: [], toCancel: [], overdue: [], toPause: [], toResume: [], nextDeadline: undefined };
type Due = Awaited<ReturnType<Store["read"]["childrenDue"]>>;

/** @param script what the looks find, one after the other, then nothing */
function world(script: readonly (Partial<Due> | Error)[]) {
  const clock = new FakeClock();
  const done: string[] = [];
  const state = { looks: 0, bell: (): void => {} };
  const told = (what: string) => async (args: { id?: RunId; childId?: RunId }) => {
    if ((args.childId ?? args.id) === "broken" && state.looks === 1) throw new Error("not now");
    done.push(`${what} ${args.childId ?? args.id}`);
    return { live: [] };
  };
  const store = {
    read: {
      async childrenDue() {
        const found = script[state.looks++];
        if (found instanceof Error) throw found;
        return { ...nothing, ...found };
      },
      childrenReady: async () => ({ steps: [], nextDue: undefined }),
    },
    write: {
      childSettle: told("settle"),
      runCancel: told("cancel"),
      childExpire: told("expire"),
      childPause: told("pause"),
      childResume: told("resume"),
    },
    listen(listener: { children?: () => void }) {
      state.bell = () => listener.children?.();
      return () => {};
    },
  } as unknown as Store;
  const onFailure = (error: unknown): void => expect.fail(String(error));
  const submitter = { childRun: () => expect.fail("nothing is to be started") };
  const registry = { cancel: () => {} };
  const loop = childRuns({ store, submitter, registry, ports: fakePorts(clock), depthMax: 1, onFailure });
  return { clock, loop, done, state, [Symbol.asyncDispose]: () => loop.stop("now") };
}
const id = (name: string) => parseRunId(name);

test("what has ended is told, what is to end is ended, and it sleeps until something wakes it", async () => {
  await using w = world([
    {
      ended: [{ childId: id("a"), runId: id("p") }],
      toCancel: [id("b")],
      overdue: [id("c")],
      toPause: [id("e")],
      toResume: [id("f")],
    },
    {},
    { toCancel: [id("d")] },
  ]);
  await w.loop.start(new AbortController().signal);
  await until(() => w.state.looks === 1 && w.done.length === 5);
  expect(w.done.toSorted()).toEqual(["cancel b", "expire c", "pause e", "resume f", "settle a"]);
  w.state.bell();
  await until(() => w.state.looks === 2);
  w.state.bell();
  await until(() => w.done.includes("cancel d"));
});

test("a deadline wakes it, and so does time when nothing does", async () => {
  const deadline = new FakeClock().now() + 5000;
  await using w = world([{ nextDeadline: deadline }, { overdue: [id("late")] }]);
  await w.loop.start(new AbortController().signal);
  await until(() => w.clock.timers === 1);
  expect([w.done, w.clock.nextIn]).toEqual([[], 5000]);
  w.clock.advance(5000);
  await until(() => w.done.includes("expire late") && w.clock.timers === 1);
  expect(w.clock.nextIn).toBe(15_000);
  w.clock.advance(15_000);
  await until(() => w.state.looks === 3);
});

test("a look that fails is made again", async () => {
  await using w = world([new Error("the store is away"), { toCancel: [id("b")] }]);
  await w.loop.start(new AbortController().signal);
  await until(() => w.clock.timers === 1);
  expect(w.clock.nextIn).toBe(1000);
  w.clock.advance(1000);
  await until(() => w.done.includes("cancel b"));
});

test("one child run that cannot be looked after holds up no other", async () => {
  const broken = { ended: [{ childId: id("broken"), runId: id("p") }], toCancel: [id("b")] };
  await using w = world([broken, broken]);
  await w.loop.start(new AbortController().signal);
  await until(() => w.clock.timers === 1);
  expect([w.done, w.clock.nextIn]).toEqual([["cancel b"], 1000]);
  w.clock.advance(1000);
  await until(() => w.done.includes("settle broken"));
});

import { type AttemptRef, parseRunId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { exerciseService } from "../../../../tests/support/exercise-service.ts";
import { FakeClock, fakePorts, turns } from "../../../../tests/support/fake-clock.ts";
import { soleLeader } from "../leadership/leadership.ts";
import type { Store } from "../store/store.ts";
import type { Deadline, DeadlineCall } from "../store/verbs/deadline-verbs.ts";
import { refOf } from "../testing/fleet-samples.ts";
import { deadlineKeeper } from "./deadline-keeper.ts";

const never = new AbortController().signal;

/** A keeper on a store whose time limits are a list. */
function open(due: readonly number[], fails: (call: DeadlineCall) => boolean = () => false) {
  const clock = new FakeClock();
  const begin = clock.now();
  let pending = due.map((after, index): Deadline => {
    return { kind: "run", runId: parseRunId(`r${index}`), index: 0, due: begin + after };
  });
  const served: string[] = [];
  const cancelled: AttemptRef[] = [];
  const failed: unknown[] = [];
  let looks = 0;
  const store = {
    read: {
      deadlinesDue: async ({ now, limit }: { now: number; limit: number }) => {
        looks++;
        const later = pending.filter((each) => each.due > now).map((each) => each.due);
        const next = later.length === 0 ? undefined : Math.min(...later);
        return { due: pending.filter((each) => each.due <= now).slice(0, limit), next };
      },
    },
    write: {
      deadlineServe: async (call: DeadlineCall) => {
        if (fails(call)) throw new Error("a row is broken");
        pending = pending.filter(({ runId }) => runId !== call.runId);
        served.push(`${call.runId} at ${call.now - begin}`);
        return { live: [refOf(`${call.runId}-step`)] };
      },
    },
  } as unknown as Store;
  const registry = { cancel: (live: readonly AttemptRef[]) => void cancelled.push(...live) };
  const onFailure = (error: unknown) => void failed.push(error);
  const make = () =>
    deadlineKeeper({ store, registry, ports: fakePorts(clock), leadership: soleLeader }, onFailure);
  const pass = async (ms: number) => {
    for (let past = 0; past < ms; past += 50) {
      await turns(10);
      clock.advance(50);
    }
    await turns(10);
  };
  return { clock, make, served, cancelled, failed, pass, looks: () => looks };
}

test("is a service like the others", async () => {
  const { make } = open([]);
  await exerciseService(make);
});

test("wakes when something is due, not before, and ends what its workers still do", async () => {
  const { make, served, cancelled, pass, failed } = open([350, 2400]);
  const keeper = make();
  await keeper.start(never);
  await pass(300);
  expect(served).toEqual([]);
  await pass(50);
  expect(served).toEqual(["r0 at 350"]);
  await pass(3000);
  expect(served).toEqual(["r0 at 350", "r1 at 2400"]);
  expect(cancelled).toEqual([refOf("r0-step"), refOf("r1-step")]);
  await keeper.stop("now");
  expect(failed).toEqual([]);
});

test("serves what fell due while nobody was there, all of it, before it sleeps", async () => {
  const many = Array.from({ length: 950 }, () => -1);
  const { make, served, clock, looks } = open(many);
  const keeper = make();
  await keeper.start(never);
  await turns(100);
  expect(served).toHaveLength(950);
  expect(clock.timers).toBe(1);
  expect(looks()).toBe(6);
  await keeper.stop("now");
});

test("one that cannot be served holds up no other, and is tried again without a hurry", async () => {
  let isBroken = true;
  const { make, served, pass, looks, failed } = open(
    [-1, -1, 60_000],
    ({ runId }) => isBroken && runId === "r0",
  );
  const keeper = make();
  await keeper.start(never);
  await pass(200);
  expect(served).toEqual(["r1 at 0"]);
  expect(looks()).toBe(2);
  await pass(2000);
  expect(looks()).toBeLessThan(6);
  isBroken = false;
  await pass(1100);
  expect(served.map((each) => each.slice(0, 2))).toEqual(["r1", "r0"]);
  await keeper.stop("now");
  expect(failed).toEqual([]);
});

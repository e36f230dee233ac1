/** Deployments in the store: one deploy of a name at a time, begun under a fence, compared with what workers see. */

import type { AttemptRef } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { specOf } from "../../../packages/coordinator/src/testing/deployment-samples.ts";
import { DeploymentsWorld, deployStep } from "./deployments-world.ts";
import { describeSights } from "./describe-deployment-sights.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, each, step, ttlMs } from "./store-world.ts";

export function describeDeployments(name: string, open: OpenStore): void {
  describeAttempts(name, open);
  describePlaces(name, open);
  describeItems(name, open);
  describeSights(name, open);
}

const worldOf = (open: OpenStore) => async () => {
  const store = await open();
  return {
    world: new DeploymentsWorld(store),
    store,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
};

function describeAttempts(name: string, open: OpenStore): void {
  const world = worldOf(open);

  describe(`${name}: deploys`, () => {
    test("of one name go one after the other, of two names at once", async () => {
      await using it = await world();
      const first = await it.world.submitOne("web");
      const second = await it.world.submitOne("web", { image: `x@sha256:${"a".repeat(64)}` });
      await it.world.submitOne("db");
      expect(await it.world.rooms()).toEqual([1, 1, 1]);
      const had = await it.world.claimReady(9);
      expect(had.map(({ runId }) => runId === second)).toEqual([false, false]);
      expect(await it.world.rooms()).toEqual([0]);
      const facts = (await it.store.read.stepsWhy({ runId: second, limit: 9 })).get(0);
      expect(facts?.limits).toMatchObject([
        { use: { kind: "deployment", name: "web" }, holders: [{ runId: first, stepId: "d" }] },
      ]);
      const ref = had.find(({ runId }) => runId === first) as AttemptRef;
      await it.world.begin(ref, "a");
      await it.world.report(ref, "started");
      expect(await it.world.claimReady(9)).toMatchObject([{ runId: second }]);
    });

    test("get a revision that never was, the standing one, or that of a lost attempt at the same", async () => {
      await using it = await world();
      await it.world.deploy("web", "a");
      await it.world.submitOne("web");
      const [again] = await it.world.claimReady(1);
      expect(await it.world.begin(again as AttemptRef, "a")).toMatchObject({ kind: "begun", revision: 1 });
      await it.world.report(again as AttemptRef, "unchanged");
      await it.world.submitOne("web");
      const [next] = await it.world.claimReady(1);
      expect(await it.world.begin(next as AttemptRef, "b")).toMatchObject({
        revision: 2,
        replaces: 1,
        restore: false,
      });
      it.world.now += ttlMs;
      expect(await it.world.expire()).toEqual([next]);
      expect(await it.world.row()).toMatchObject({
        revision: 1,
        state: "running",
        pending: { live: false, dirty: true, revision: 2 },
      });
      await it.world.submitOne("web");
      const [third] = await it.world.claimReady(1);
      expect(await it.world.begin(third as AttemptRef, "b")).toMatchObject({ revision: 2, replaces: 1 });
      // What the lost one still says is nobody's.
      expect(await it.world.report(next as AttemptRef, "none")).toMatchObject({ reason: "terminal" });
      await it.world.report(third as AttemptRef, "started");
      expect(await it.world.row()).toMatchObject({ revision: 2, spec: specOf("b"), lastRevision: 2 });
    });
  });
}

function describePlaces(name: string, open: OpenStore): void {
  const world = worldOf(open);

  describe(`${name}: deploys`, () => {
    test("stand where they were made: the queue says so, with what is on each worker", async () => {
      await using it = await world();
      await it.world.worker("w").greet();
      await it.world.deploy("web", "a");
      await it.world.submitOne("web");
      await it.world.submitOne("db");
      const look = await it.store.read.queuesLook({ after: 0, limit: 9 });
      expect(look.queues.map(({ deployment, standsOn }) => [deployment, standsOn])).toEqual([
        [
          { name: "web", pulls: false },
          { id: "w", name: "w" },
        ],
        [{ name: "db", pulls: false }, undefined],
      ]);
      expect(look.deployments).toEqual(new Map([["w", 1]]));
      expect(await it.store.read.deploymentsList({ after: "", limit: 9 })).toMatchObject([
        { row: { name: "web", state: "running", revision: 1, container: "c3" }, workerName: "w" },
      ]);
      expect(await it.store.read.deploymentsList({ after: "web", limit: 9 })).toEqual([]);
    });

    test("begin on the worker where the name stands, under the fence of a live attempt, and only for the step's own name", async () => {
      await using it = await world();
      await it.world.deploy("web", "a");
      await it.world.submitOne("web");
      const [ref] = (await it.world.claimReady(1, "v")) as [AttemptRef];
      expect(await it.world.begin(ref, "b", { on: "v" })).toEqual({ kind: "elsewhere", workerId: "w" });
      expect(await it.world.begin(ref, "b")).toEqual({ kind: "over" });
      expect(await it.world.begin({ ...ref, attempt: 2 }, "b", { on: "v" })).toEqual({ kind: "over" });
      expect(await it.world.begin(ref, "b", { on: "v", name: "db" })).toEqual({ kind: "unplaced" });
      expect(await it.world.row()).toMatchObject({ revision: 1, lastRevision: 1, workerId: "w" });
      const plain = await it.world.submit(dag(step("a")));
      const other = await it.world.worker("w").claim(plain, "a");
      expect(await it.world.begin(other, "b")).toEqual({ kind: "unplaced" });
    });

    test("are removed: the name is free, and its revisions go on counting", async () => {
      await using it = await world();
      await it.world.deploy("web", "a");
      await it.world.deploy("web", undefined);
      expect(await it.store.read.deploymentsList({ after: "", limit: 9 })).toEqual([]);
      await it.world.submitOne("web");
      const [ref] = (await it.world.claimReady(1, "v")) as [AttemptRef];
      expect(await it.world.begin(ref, "a", { on: "v" })).toMatchObject({ kind: "begun", revision: 2 });
    });
  });
}

function describeItems(name: string, open: OpenStore): void {
  const world = worldOf(open);

  describe(`${name}: deploys`, () => {
    test("of items go under names of their own; an item that has none, or another's, fails the step", async () => {
      await using it = await world();
      const item = "$" + "{{ item }}";
      const of = (...items: string[]) => dag(deployStep("d", `web-${item}`, {}, each(items)));
      const run = await it.world.submitDeploys(of("a", "b"));
      const look = await it.store.read.queuesLook({ after: 0, limit: 9 });
      expect(look.queues.map(({ deployment }) => deployment?.name)).toEqual(["web-a", "web-b"]);
      const refs = await it.world.claimReady(9);
      expect(refs).toHaveLength(2);
      for (const [at, ref] of refs.entries()) {
        const own = `web-${"ab"[at]}`;
        expect(await it.world.begin(ref, "a", { name: own })).toMatchObject({ revision: 1 });
        await it.world.report(ref, "started", { outputs: new Map([["url", `http://${own}`]]) });
      }
      const { steps } = await it.store.read.runRead({ id: run });
      expect(steps[0]).toMatchObject({
        phase: "succeeded",
        outputs: { url: ["http://web-a", "http://web-b"] },
      });
      for (const [items, message] of [
        [["a", "A b"], 'gave "web-A b" for item 1'],
        [["a", "a"], "items 0 and 1 both deploy web-a"],
      ] as const) {
        const bad = await it.world.submitDeploys(of(...items));
        const [failed] = (await it.store.read.runRead({ id: bad })).steps;
        expect(failed).toMatchObject({ phase: "failed", failure: { code: "bad_deployment_name" } });
        expect(failed?.failure?.message).toContain(message);
      }
    });
  });
}

/** Deployments in the store: what workers see of them, and how they end. */

import { type AttemptRef, parseWorkerId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { contentOf, specOf } from "../../../packages/coordinator/src/testing/deployment-samples.ts";
import { packOf } from "../../../packages/coordinator/src/testing/packs.ts";
import { DeploymentsWorld, deployStep, webSeen } from "./deployments-world.ts";
import type { OpenStore } from "./describe-store.ts";
import { RetentionWorld } from "./retention-world.ts";
import { dag } from "./store-world.ts";

export function describeSights(name: string, open: OpenStore): void {
  describeSeen(name, open);
  describeGivingUp(name, open);
  describeEnds(name, open);
  describeKeeping(name, open);
}

function describeSeen(name: string, open: OpenStore): void {
  describe(`${name}: what a worker sees`, () => {
    test("is written down: adopted, missing, removed, orphaned", async () => {
      await using store = await open();
      const world = new DeploymentsWorld(store);
      await world.deploy("web", "a");
      expect(await world.sees("w", webSeen(1, { healthy: true }))).toEqual({
        remove: [],
        restore: [],
        alarms: [],
      });
      expect(await world.row()).toMatchObject({
        state: "running",
        seen: { healthy: true },
        seenAt: world.now,
      });
      const { alarms } = await world.sees("w");
      expect([alarms.length, (await world.row()).state]).toEqual([1, "missing"]);
      await world.deploy("web", undefined);
      expect(await world.sees("w", webSeen(1))).toMatchObject({
        remove: [{ name: "web", revision: 1, container: "c1" }],
      });
      await world.sees("v", webSeen(4, { name: "old" }));
      expect(await world.row("old")).toMatchObject({ state: "orphan", workerId: "v", revision: 4 });
    });

    test("changes nothing while a step is at work, or its engine does not answer", async () => {
      await using store = await open();
      const world = new DeploymentsWorld(store);
      await world.deploy("web", "a");
      await world.submitOne("web");
      // A step that waits may be about to find what a lost one left.
      expect((await world.sees("w", webSeen(1), webSeen(0))).remove).toEqual([]);
      const [ref] = (await world.claimReady(1)) as [AttemptRef];
      await world.begin(ref, "b");
      expect(await world.sees("w")).toEqual({ remove: [], restore: [], alarms: [] });
      expect(await world.row()).toMatchObject({ state: "running", revision: 1, pending: { live: true } });
      await world.report(ref, "started");
      const observed = { deployments: [], unavailable: "no socket" };
      await store.write.deploymentsObserve({ workerId: parseWorkerId("w"), observed, now: world.now });
      expect(await world.row()).toMatchObject({ state: "running", revision: 2, unavailable: "no socket" });
      await world.sees("w", webSeen(2));
      expect(await world.row()).not.toHaveProperty("unavailable");
    });

    test("lacks its secrets: a run that was made for that gets exactly what stands", async () => {
      await using store = await open();
      const world = new DeploymentsWorld(store);
      await world.deploy("web", "a");
      expect(await world.sees("w", webSeen(1, { state: "needs-secrets" }))).toMatchObject({
        restore: ["web"],
      });
      expect(await world.sees("w", webSeen(1, { state: "needs-secrets" }))).toMatchObject({ restore: [] });
      await world.submitOne("web", {}, "deployment/restore/web/1");
      const [ref] = (await world.claimReady(1)) as [AttemptRef];
      const begun = await world.begin(ref, "f");
      expect(begun).toMatchObject({ revision: 1, spec: specOf("a"), restore: true });
      await world.report(ref, "started");
      const row = await world.row();
      expect([row.state, row.revision, row.restore]).toEqual(["running", 1, undefined]);
    });
  });
}

function describeGivingUp(name: string, open: OpenStore): void {
  describe(`${name}: what a worker sees`, () => {
    test("was given up: the name is free at once, and what stands goes when the worker returns", async () => {
      await using store = await open();
      const world = new DeploymentsWorld(store);
      await world.deploy("web", "a");
      await store.write.deploymentAbandon({ name: "web", now: world.now });
      expect(await world.row()).toMatchObject({ state: "abandoned", abandonedOn: "w", revision: 0 });
      await world.deploy("web", "a", "v");
      expect(await world.row()).toMatchObject({ state: "running", workerId: "v", revision: 2 });
      expect(await world.sees("w", webSeen(1))).toMatchObject({ remove: [{ revision: 1 }] });
      expect(await world.row()).toMatchObject({ abandonedOn: "w" });
      await world.sees("w");
      expect(await world.row()).not.toHaveProperty("abandonedOn");
      expect(await world.row()).toMatchObject({ state: "running", workerId: "v", revision: 2 });
    });
  });
}

function describeEnds(name: string, open: OpenStore): void {
  describe(`${name}: the end of deployments`, () => {
    test("is not forced while a step is at work, nor where nothing stands", async () => {
      await using store = await open();
      const world = new DeploymentsWorld(store);
      const abandon = () => store.write.deploymentAbandon({ name: "web", now: world.now });
      await expect(abandon()).rejects.toMatchObject({ fault: "missing", code: "unknown_deployment" });
      await world.submitOne("web");
      const [ref] = (await world.claimReady(1)) as [AttemptRef];
      await world.begin(ref, "a");
      await expect(abandon()).rejects.toMatchObject({ fault: "conflict", code: "deployment_busy" });
      await world.worker("w").start(ref);
      await world.worker("w").greet();
      // Its worker was restarted, and the attempt is lost with it: something may stand there.
      expect(await world.row()).toMatchObject({ state: "failed", workerId: "w", pending: { dirty: true } });
      await abandon();
      expect(await world.row()).toMatchObject({ state: "abandoned", lastRevision: 1 });
    });

    test("comes when its time is over, once", async () => {
      await using store = await open();
      const world = new DeploymentsWorld(store);
      await world.deploy("web", "a", "w", { ttlMs: 500 });
      await world.deploy("db", "a");
      const due = async () => {
        const all = await store.read.deploymentsDue({ now: world.now, limit: 9 });
        return [all.due.map(({ name: own }) => own), all.nextDue];
      };
      const expiresAt = world.now + 500;
      expect(await due()).toEqual([[], expiresAt]);
      world.now += 500;
      expect(await due()).toEqual([["web"], expiresAt]);
      const asked = { name: "web", now: world.now };
      expect(await store.write.deploymentExpiring({ ...asked, expiresAt: 1 })).toBe(false);
      expect(await store.write.deploymentExpiring({ ...asked, expiresAt })).toBe(true);
      expect(await due()).toEqual([[], undefined]);
    });
  });
}

function describeKeeping(name: string, open: OpenStore): void {
  describe(`${name}: the end of deployments`, () => {
    test("its pack is kept for as long as the name is known, and the name for a while", async () => {
      await using store = await open();
      const world = new DeploymentsWorld(store);
      const pack = packOf("agent");
      const run = await world.submitDeploys(dag(deployStep("d", "web")), { pack });
      const [ref] = (await world.claimReady(1)) as [AttemptRef];
      await world.begin(ref, "a", { content: { ...contentOf("web"), snapshotDigest: pack.digest } });
      await world.report(ref, "started");
      const retention = new RetentionWorld(store);
      await retention.retire(Number.MAX_SAFE_INTEGER);
      await expect(store.read.runRead({ id: run })).rejects.toMatchObject({ code: "unknown_run" });
      expect(await retention.collect(Number.MAX_SAFE_INTEGER)).toBe(0);
      await world.deploy("web", undefined);
      const forget = (changedBefore: number) => store.write.deploymentsForget({ changedBefore, limit: 9 });
      expect([await forget(world.now), await forget(world.now + 1), await forget(world.now + 1)]).toEqual([
        0, 1, 0,
      ]);
      expect(await retention.collect(Number.MAX_SAFE_INTEGER)).toBe(1);
      await expect(world.row()).rejects.toMatchObject({ code: "unknown_deployment" });
    });

    test("the fleet has one name for ever", async () => {
      await using store = await open();
      expect(await store.write.fleetName({ fresh: "a" })).toBe("a");
      expect(await store.write.fleetName({ fresh: "b" })).toBe("a");
    });
  });
}

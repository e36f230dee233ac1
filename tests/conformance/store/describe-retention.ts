/** What a store forgets, and what it must not. Every engine runs this suite. */

import { describe, expect, test } from "vitest";
import { packOf } from "../../../packages/coordinator/src/testing/packs.ts";
import type { OpenStore } from "./describe-store.ts";
import { RetentionWorld } from "./retention-world.ts";
import { dag, step } from "./store-world.ts";

const [a, b, c] = [packOf("a"), packOf("b"), packOf("c")];

export function describeRetention(name: string, open: OpenStore): void {
  describeForgetting(name, open);
  describeCollecting(name, open);
  describeKeeping(name, open);
  describeBlobs(name, open);
}

function describeForgetting(name: string, open: OpenStore): void {
  describe(`${name}: forgetting runs`, () => {
    test("what ended before goes with everything; what has not ended stays, however old", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      const old = await world.submitWith([a]);
      await world.finish(old);
      const live = await world.submitWith([b]);
      world.now += 1000;
      const young = await world.submitWith([c]);
      await world.finish(young);
      await world.retire(world.now);
      await expect(store.read.runRead({ id: old })).rejects.toMatchObject({ code: "unknown_run" });
      expect((await store.read.runsList({ limit: 10 })).runs.map(({ id }) => id)).toEqual([young, live]);
      await world.retire(Number.MAX_SAFE_INTEGER);
      expect((await store.read.runsList({ limit: 10 })).runs.map(({ id }) => id)).toEqual([live]);
      await world.finish(live);
      expect(await world.phases(live)).toBe("succeeded: s0=succeeded");
    });

    test("one that is being forgotten is not there for anybody, and its key is free", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      const run = await world.submit(dag(step("a")), "key");
      await world.finish(run);
      expect(await store.write.runsRetire({ endedBefore: world.now + 1, limit: 10 })).toBe(1);
      const gone = { code: "unknown_run" };
      await expect(store.read.runRead({ id: run })).rejects.toMatchObject(gone);
      await expect(store.read.runEvents({ id: run, afterSeq: 0, limit: 1 })).rejects.toMatchObject(gone);
      await expect(store.read.runProgress({ id: run, stepId: "" })).rejects.toMatchObject(gone);
      await expect(store.write.runCancel({ id: run, now: world.now })).rejects.toMatchObject(gone);
      await expect(store.read.snapshotOfStep({ runId: run, stepId: "a" })).rejects.toMatchObject({
        fault: "missing",
      });
      expect([await store.read.runsCount(), await store.read.runsList({ limit: 10 })]).toEqual([
        0,
        { runs: [] },
      ]);
      expect(await world.submit(dag(step("a")), "key")).not.toBe(run);
    });

    test("goes in slices, and on from wherever it was left", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      const run = await world.submitWith([a, b, c]);
      await world.finish(run);
      await store.write.runsRetire({ endedBefore: world.now + 1, limit: 1 });
      const counts: number[] = [];
      for (let left = [run]; left.length > 0; left = await store.read.runsForgotten({ limit: 10 })) {
        counts.push(await store.write.runsErase({ ids: left, limit: 4 }));
      }
      // Seven rows of events, three attempts, three steps, and the run last.
      expect(counts).toEqual([4, 4, 4, 2]);
      expect(await store.write.runsErase({ ids: [run], limit: 4 })).toBe(0);
    });

    test("rows of a run that was not marked are not erased", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      const run = await world.submitWith([a]);
      await world.finish(run);
      expect(await store.write.runsErase({ ids: [run], limit: 100 })).toBe(0);
      expect(await world.phases(run)).toBe("succeeded: s0=succeeded");
    });

    test("a DAG goes with its last run and comes back with the next", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      for (let round = 0; round < 2; round++) {
        const run = await world.submitWith([a]);
        await world.finish(run);
        expect(await world.phases(run)).toBe("succeeded: s0=succeeded");
        await world.retire(world.now + 1);
      }
    });
  });
}

function describeCollecting(name: string, open: OpenStore): void {
  describe(`${name}: collecting packs`, () => {
    test("a pin and what a step was handed out with stay as long as their run", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      const run = await world.submitWith([a]);
      await world.finish(run, b);
      expect(await world.collect(world.now + 1)).toBe(0);
      await world.retire(world.now + 1);
      expect(await world.collect(world.now)).toBe(0);
      expect(await world.collect(world.now + 1)).toBe(2);
      const missing = { fault: "missing", message: expect.stringContaining("it may have been collected") };
      await expect(store.read.snapshotRead({ digest: a.digest })).rejects.toMatchObject(missing);
    });

    test("the pack of a claim that came too late is not kept", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      const run = await world.submitWith([a]);
      await world.take(run, "s0", b);
      expect(await world.take(run, "s0", c)).toBeUndefined();
      expect(await Promise.all([a, b, c].map((pack) => world.has(pack)))).toEqual([true, true, false]);
      expect(await world.collect(world.now + 1)).toBe(0);
    });

    test("a submission at the same moment keeps its pack, whoever is first", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      for (let round = 0; round < 20; round++) {
        await world.finish(await world.submitWith([a]));
        await world.retire(world.now + 1);
        world.now += 1000;
        const collect = () => world.collect(world.now);
        const submit = () => world.submitWith([a]);
        const [run] = await (round % 2 === 0
          ? Promise.all([submit(), collect()])
          : Promise.all([collect(), submit()]).then(([, id]) => [id]));
        expect(await world.has(a)).toBe(true);
        expect((await world.take(run ?? expect.fail(), "s0"))?.attempt).toBe(1);
        await world.worker("w").greet();
        await store.write.runCancel({ id: run ?? expect.fail(), now: world.now });
      }
    });

    test("goes on after the slice, past those that stay, and takes few large ones at a time", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      const mine = packOf("mine");
      await world.submitWith([mine]);
      await world.finish(
        await world.submitWith(Array.from({ length: 7 }, (_, index) => packOf(`p${index}`))),
      );
      world.now += 1;
      const large = Array.from({ length: 3 }, (_, index) => packOf(`l${index}`, 9 * 1024 * 1024));
      for (const pack of large) await world.finish(await world.submitWith([pack]));
      await world.retire(world.now + 1);
      const first = await store.write.snapshotsCollect({ createdBefore: world.now + 1, limit: 500 });
      expect(first.packs).toBe(7);
      expect(first.next).toBeDefined();
      expect(first.packs + (await world.collect(world.now + 1, 2))).toBe(10);
      expect(await world.has(mine)).toBe(true);
    });
  });
}

function describeKeeping(name: string, open: OpenStore): void {
  describe(`${name}: keeping packs`, () => {
    test("a kept one stays after its run, until it is not kept any more", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      const run = await world.submitWith([a, b]);
      await world.finish(run);
      const kept = { digest: a.digest, name: `${run}/s0`, note: "why", now: world.now };
      await store.write.snapshotKeep({ ...kept, note: "" });
      await store.write.snapshotKeep(kept);
      await world.retire(world.now + 1);
      expect(await world.collect(world.now + 1)).toBe(1);
      expect(await store.read.snapshotsKept()).toEqual([
        { digest: a.digest, name: `${run}/s0`, note: "why", keptAt: world.now, compressedSize: 10 },
      ]);
      expect(await store.write.snapshotUnkeep({ name: "other" })).toBe(false);
      expect(await store.write.snapshotUnkeep({ name: `${run}/s0` })).toBe(true);
      expect(await store.read.snapshotsKept()).toEqual([]);
      expect(await world.collect(world.now + 1)).toBe(1);
    });

    test("by one name and not any more by another", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      await world.submitWith([a]);
      await store.write.snapshotKeep({ digest: a.digest, name: a.digest, note: "", now: world.now });
      expect(await store.write.snapshotUnkeep({ name: "run/step", digest: a.digest })).toBe(true);
      expect(await store.write.snapshotUnkeep({ name: a.digest, digest: a.digest })).toBe(false);
    });

    test("what is not there cannot be kept", async () => {
      await using store = await open();
      const keep = { digest: a.digest, name: a.digest, note: "", now: 1 };
      await expect(store.write.snapshotKeep(keep)).rejects.toMatchObject({ code: "unknown_snapshot" });
    });
  });
}

function describeBlobs(name: string, open: OpenStore): void {
  describe(`${name}: blobs`, () => {
    test("are needed while an artifact has them; what is live since when is told too", async () => {
      await using store = await open();
      const world = new RetentionWorld(store);
      const digests = [a.digest, b.digest];
      const run = await world.submit(dag(step("s", [], { artifacts: ["f"] })));
      const claimedAt = world.now;
      const worker = world.worker("w");
      const ref = await worker.claim(run, "s");
      world.now += 1000;
      expect(await store.read.blobsUnnamed({ digests })).toEqual({
        unnamed: digests,
        oldestClaim: claimedAt,
      });
      await worker.finish(ref, { artifacts: [{ path: "f", digest: a.digest, size: 1, executable: false }] });
      expect(await store.read.blobsUnnamed({ digests })).toEqual({ unnamed: [b.digest] });
      await world.retire(world.now + 1);
      expect((await store.read.blobsUnnamed({ digests })).unnamed).toEqual(digests);
    });
  });
}

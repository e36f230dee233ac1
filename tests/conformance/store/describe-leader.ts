/** Leading: one at a time, and nothing is written under a term that is over. */

import { systemRandom } from "@haversack/base";
import { parseDigest, parseRunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, ttlMs, World } from "./store-world.ts";

class LeaderWorld extends World {
  /** @returns the term; undefined: somebody else leads */
  async take(holder: string, leaseMs = 100): Promise<number | undefined> {
    const { now } = this;
    return await this.store.write.leaderTake({ holder, now, leaseUntil: now + leaseMs });
  }
}

export function describeLeader(name: string, open: OpenStore): void {
  describe(`${name}: leading`, () => {
    test("the first leads as long as it renews, then the next one under a higher term", async () => {
      await using store = await open();
      const world = new LeaderWorld(store);
      expect([await world.take("a"), await world.take("b")]).toEqual([1, undefined]);
      world.now += 99;
      expect([await world.take("b"), await world.take("a")]).toEqual([undefined, 1]);
      world.now += 100;
      // Its lease is over and nobody has taken the lead: it is still the same term.
      expect(await world.take("a")).toBe(1);
      world.now += 100;
      expect([await world.take("b"), await world.take("a")]).toEqual([2, undefined]);
    });

    test("who gives it back is followed at once; giving back what another has changes nothing", async () => {
      await using store = await open();
      const world = new LeaderWorld(store);
      await world.take("a");
      await store.write.leaderYield({ holder: "b" });
      expect(await world.take("b")).toBe(undefined);
      await store.write.leaderYield({ holder: "a" });
      expect([await world.take("b"), await world.take("a")]).toEqual([2, undefined]);
    });

    test("of many at once, one leads", async () => {
      await using store = await open();
      const world = new LeaderWorld(store);
      for (let round = 1; round < 4; round++) {
        const terms = await Promise.all(Array.from({ length: 20 }, (_, at) => world.take(`${round}-${at}`)));
        expect(terms.filter((term) => term !== undefined)).toEqual([round]);
        world.now += 100;
      }
    });

    test("what is written under a term that is over is refused, and changes nothing", () =>
      refusesWhatIsLate(open));

    test("the folder of artifacts has the first name that it was given", async () => {
      await using store = await open();
      expect(await store.read.blobFolder()).toBe(undefined);
      const ids = ["x", "y", "z"];
      const named = await Promise.all(ids.map((id) => store.write.blobFolderName({ id })));
      expect(new Set(named).size).toBe(1);
      expect(ids).toContain(named[0]);
      expect(await store.read.blobFolder()).toBe(named[0]);
    });
  });
}

async function refusesWhatIsLate(open: OpenStore): Promise<void> {
  await using store = await open();
  const world = new LeaderWorld(store);
  const worker = world.worker("w");
  const running = await world.submit(dag(step("a")));
  await worker.claim(running, "a");
  const ended = await world.submit(dag(step("a")));
  await worker.finish(await worker.claim(ended, "a"));
  const term = await world.take("frozen");
  world.now += ttlMs;
  await world.take("next");
  const { now } = world;
  const lead = term === undefined ? {} : { term };
  const digest = parseDigest(`sha256:${"a".repeat(64)}`);
  const { write } = store;
  const late = [
    () => write.leasesExpire({ now, leaseNow: now, limit: 10, ...lead }),
    () => write.runsRetire({ endedBefore: now + 1, limit: 10, ...lead }),
    () => write.runsErase({ ids: [ended], limit: 10, ...lead }),
    () => write.snapshotsCollect({ createdBefore: now, limit: 10, ...lead }),
    () => write.scheduleDecide({ dagName: "d", index: 0, ticks: [], now, ...lead }),
    () =>
      write.runSubmit({
        id: parseRunId(systemRandom.id()),
        dagDigest: digest,
        dag: dag(step("a")),
        source: "",
        params: {},
        bodyDigest: digest,
        now,
        steps: [{ labels: {} }],
        packs: [],
        ...lead,
      }),
  ];
  const before = await store.read.runsList({ limit: 10 });
  for (const act of late) await expect(act()).rejects.toMatchObject({ fault: "fenced", code: "term_over" });
  expect(await store.read.runsList({ limit: 10 })).toEqual(before);
  expect(await world.phases(running)).toBe("running: a=leased");
  // The same by the one who leads.
  const { expired } = await write.leasesExpire({ now, leaseNow: now, limit: 10, term: 2 });
  expect(expired).toHaveLength(1);
  expect(await write.runsRetire({ endedBefore: now + 1, limit: 10, term: 2 })).toBe(1);
  await expect(write.runsRetire({ endedBefore: now, limit: 1, term: 3 })).rejects.toMatchObject({
    fault: "fenced",
  });
}

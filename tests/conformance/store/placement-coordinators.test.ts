/** Keys and pools while two coordinators claim and submit at once: what is in flight, added up, never exceeds a limit. */

import type { AttemptRef, RunId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { type tempSchema, withPostgres } from "../../support/postgres.ts";
import { twoOnPostgres } from "../../support/postgres-store.ts";
import { PlacementWorld, wide } from "./placement-world.ts";

const two = () => twoOnPostgres((store) => new PlacementWorld(store));

withPostgres("two coordinators on one PostgreSQL", () => {
  test("claims on both at once take exactly what there is, round after round (P9)", async () => {
    await using both = await two();
    const [one, other] = both.worlds;
    await one.store.write.poolSet({ name: "p", limit: 7 });
    const key = { kind: "key", name: "k", units: 1, limit: 5 } as const;
    const pool = { kind: "pool", name: "p", units: 1 } as const;
    // In runs of their own, so that nothing but what they share keeps them apart.
    for (let run = 0; run < 40; run++) {
      await one.submitPlaced(wide(1), { limits: [key, pool] });
      await other.submitPlaced(wide(1), { limits: [pool] });
    }
    let live: AttemptRef[] = [];
    let done = 0;
    for (let round = 0; done < 80; round++) {
      const had = await Promise.all(
        [0, 1, 2, 3].map((at) => (at % 2 === 0 ? one : other).claimReady(6, `w${at}`, at * 6)),
      );
      live.push(...had.flat());
      const [{ n, keyed } = { n: 0, keyed: 0 }] = await both.schema.query(
        `select count(*)::int as n, count(*) filter (where limits like '%"key"%')::int as keyed
         from step join queue on queue.no = step.queue where phase in ('leased', 'running')`,
      );
      expect([Number(n) <= 7, Number(keyed) <= 5, Number(n)]).toEqual([true, true, live.length]);
      // What waits further back is reached when what stands before it is gone.
      if (live.length === 0) live.push(...(await one.claimReady(7)));
      // Some end, on the other coordinator than they began.
      const ends = live.splice(0, 1 + (round % 4));
      for (const ref of ends) {
        const worker = await workerOf(both.schema, ref);
        await other.worker(worker).finish(ref);
      }
      done += ends.length;
      if (round > 200) expect.fail("it does not come to an end");
    }
  });

  test("runs of one key that are submitted on both at once: as many start as the limit says (P9)", async () => {
    await using both = await two();
    const [one, other] = both.worlds;
    const runs: RunId[] = await Promise.all(
      Array.from({ length: 16 }, (_, at) => (at % 2 === 0 ? one : other).submitKeyed(wide(1), { limit: 3 })),
    );
    for (let round = 0; round < 16; round++) {
      const underWay = (await one.startable(...runs)).filter(Boolean).length;
      expect(underWay).toBe(Math.min(3, 16 - round));
      const [ref] = await one.claimReady(1);
      await one.worker("w").finish(ref as never);
      await Promise.all([one.admit(), other.admit()]);
    }
  });
});

async function workerOf(
  schema: Awaited<ReturnType<typeof tempSchema>>,
  { runId, stepId }: AttemptRef,
): Promise<string> {
  const [row] = await schema.query(
    "select worker_id from step join run on run.no = step.run where run.id = $1 and step_id = $2",
    [runId, stepId],
  );
  return String(row?.["worker_id"]);
}

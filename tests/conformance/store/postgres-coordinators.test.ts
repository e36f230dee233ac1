/** Two stores on one database, as two coordinators have them: what each decides, the other sees, and neither twice. */

import { join } from "node:path";
import { present, systemRandom } from "@haversack/base";
import { dagScope, parseDigest, parseRunId, type RunId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { readMigrations } from "../../../packages/coordinator/src/store/migrate.ts";
import { openPostgresStore } from "../../../packages/coordinator/src/store/postgres-store.ts";
import type { Store } from "../../../packages/coordinator/src/store/store.ts";
import { packOf } from "../../../packages/coordinator/src/testing/packs.ts";
import { silentPorts, type TempSchema, tempSchema, withPostgres } from "../../support/postgres.ts";
import { dag, step, type TestWorker, ttlMs, World } from "./store-world.ts";

const migrations = join(import.meta.dirname, "../../../packages/coordinator/src/store/migrations/postgres");

interface Two extends AsyncDisposable {
  readonly schema: TempSchema;
  readonly worlds: readonly [World, World];
  readonly stores: readonly [Store, Store];
}

async function two(): Promise<Two> {
  const schema = await tempSchema();
  const open = () => openPostgresStore({ url: schema.url, ports: silentPorts });
  // At once: one of them migrates, the other waits for it.
  const [one, other] = await Promise.all([open(), open()]);
  return {
    schema,
    stores: [one, other],
    worlds: [new World(one), new World(other)],
    async [Symbol.asyncDispose]() {
      await one[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await schema[Symbol.asyncDispose]();
    },
  };
}

const wide = (count: number) => dag(...Array.from({ length: count }, (_, index) => step(`s${index}`)));
const workersOf = (worlds: readonly World[], count: number): TestWorker[] =>
  worlds.flatMap((world, side) =>
    Array.from({ length: count }, (_, index) => world.worker(`w${side}-${index}`)),
  );

const claimAll = (worker: TestWorker, run: RunId, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => worker.claim(run, `s${index}`)));

withPostgres("two coordinators on one PostgreSQL", () => {
  test("give leave to download to so many, however many ask both at once", async () => {
    await using both = await two();
    const workers = workersOf(both.worlds, 4);
    await Promise.all(workers.map((worker) => worker.greet()));
    const digest = parseDigest(`sha256:${"a".repeat(64)}`);
    const given = await Promise.all(
      workers.map(({ id: workerId }, at) =>
        present(both.stores[at % 2], "one of two").write.imagePermitsGive({
          holder: workerId,
          wishes: [{ workerId, digest, held: false, askedAt: at }],
          freed: [],
          limit: 3,
          now: 1,
          until: 100,
        }),
      ),
    );
    expect(given.flat().length).toBeLessThanOrEqual(3);
    const held = workers.map(({ id: holder }) =>
      both.stores[0].write.imagePermitsGive({ holder, wishes: [], freed: [], limit: 3, now: 2, until: 100 }),
    );
    expect((await Promise.all(held)).flat()).toHaveLength(3);
  });

  test("share one generation, and know of each other", async () => {
    await using both = await two();
    const [one, other] = both.stores;
    expect(other.generation).toBe(one.generation);
    expect([one, other].filter(({ shared }) => shared?.others === true)).toHaveLength(1);
    expect(await both.schema.query("select version from migration order by version")).toEqual(
      readMigrations(migrations).map(({ version }) => ({ version })),
    );
  });

  test("of many claims of one step on both, one is given it (L1)", async () => {
    await using both = await two();
    const [world] = both.worlds;
    const run = await world.submit(wide(10));
    const workers = workersOf(both.worlds, 6);
    for (let index = 0; index < 10; index++) {
      const claims = await Promise.all(workers.map((worker) => worker.tryClaim(run, `s${index}`)));
      expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    }
    expect(await both.schema.query("select count(*)::int as n from step where phase = 'leased'")).toEqual([
      { n: 10 },
    ]);
  });

  test("one result that comes over both counts once, and of two different ones one is refused (L4)", async () => {
    await using both = await two();
    const [world, elsewhere] = both.worlds;
    const [worker, twin] = [world.worker("w"), elsewhere.worker("w")];
    for (let round = 0; round < 5; round++) {
      const [same, different] = [await world.submit(wide(30)), await world.submit(wide(30))];
      const refs = await claimAll(worker, same, 30);
      const again = await Promise.all(refs.flatMap((ref) => [worker.finish(ref), twin.finish(ref)]));
      expect(again.filter((answer) => answer !== undefined)).toEqual([]);
      const others = await claimAll(worker, different, 30);
      const answers = await Promise.all(others.flatMap((ref) => [worker.finish(ref), twin.fail(ref)]));
      expect(answers.filter((answer) => answer?.reason === "conflict")).toHaveLength(30);
      const { events } = await world.store.read.runEvents({ id: same, afterSeq: 0, limit: 1000 });
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 63 }, (_, index) => index + 1));
    }
  });

  test("an idempotency key used over both at once is one run (R2)", async () => {
    await using both = await two();
    for (let round = 0; round < 10; round++) {
      const submitted = await Promise.all(
        both.worlds.flatMap((world) => [1, 2].map(() => world.submit(wide(2), `key-${round}`))),
      );
      expect(new Set(submitted).size).toBe(1);
    }
    expect(await both.stores[0].read.runsCount()).toBe(10);
  });

  test("events of a run that both write are numbered without a gap, and its counters are right (P4)", async () => {
    await using both = await two();
    const [world] = both.worlds;
    const count = 60;
    const run = await world.submit(wide(count));
    const workers = workersOf(both.worlds, 4);
    await Promise.all(
      workers.map(async (worker, side) => {
        for (let index = side; index < count; index += workers.length) {
          const ref = await worker.claim(run, `s${index}`);
          await worker.start(ref);
          await worker.finish(ref);
        }
      }),
    );
    const { events, run: read } = await world.store.read.runEvents({ id: run, afterSeq: 0, limit: 1000 });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events).toHaveLength(3 * count + 3);
    expect([read.status, read.eventSeq]).toEqual(["succeeded", events.length]);
  });

  test("two ends at once release a step that waits for both exactly once, and end the run (D1)", async () => {
    await using both = await two();
    const [here, there] = [both.worlds[0].worker("here"), both.worlds[1].worker("there")];
    for (let round = 0; round < 15; round++) {
      const run = await both.worlds[0].submit(dag(step("a"), step("b"), step("c", ["a", "b"])));
      const [a, b] = await Promise.all([here.claim(run, "a"), there.claim(run, "b")]);
      await Promise.all([here.finish(a), there.finish(b)]);
      expect(await both.worlds[1].phases(run)).toBe("running: a=succeeded b=succeeded c=ready");
      await here.finish(await here.claim(run, "c"));
      expect(await both.worlds[1].phases(run)).toBe("succeeded: a=succeeded b=succeeded c=succeeded");
    }
  });

  test("what both note down at once is all there, in one chain of versions (P8)", async () => {
    await using both = await two();
    const workers = workersOf(both.worlds, 12);
    const attempts = await Promise.all(
      workers.map(async (worker) => {
        const run = await worker.world.submitWriter();
        return { worker, ref: await worker.claim(run, "a") };
      }),
    );
    const note = (id: string, scope: "dag" | "global") =>
      ({ id, scope, change: { kind: "add", text: id }, untrusted: false }) as const;
    const answers = await Promise.all(
      attempts.map(({ worker, ref }, index) =>
        worker.finish(ref, { memory: [note(`dag-${index}`, "dag"), note(`global-${index}`, "global")] }),
      ),
    );
    expect(answers.filter((answer) => answer !== undefined)).toEqual([]);
    const scope = dagScope("test");
    const [store, other] = both.stores;
    const [state] = await other.read.memoryRead({ scopes: [scope] });
    expect(state?.entries.map(({ text }) => text).toSorted()).toEqual(
      workers.map((_, index) => `dag-${index}`).toSorted(),
    );
    const versions = await store.read.memoryVersions({ scope, limit: 100 });
    expect(versions.map(({ version }) => version)).toEqual(workers.map((_, index) => workers.length - index));
    expect(await other.read.memoryAt({ scope, version: state?.version ?? 0 })).toEqual(state);
  });

  test("a failure that may be retried and a cancel at the same moment leave nothing behind (C2)", async () => {
    await using both = await two();
    const [world, elsewhere] = both.worlds;
    const worker = world.worker("w");
    const retry = { limit: 3, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } as const;
    for (let round = 0; round < 10; round++) {
      const runs = await Promise.all(
        Array.from({ length: 20 }, () => world.submit(dag(step("a", [], { retry })))),
      );
      const refs = await Promise.all(runs.map((run) => worker.claim(run, "a")));
      await Promise.all([
        ...refs.map((ref) => worker.fail(ref)),
        ...runs.map((id) => elsewhere.store.write.runCancel({ id, now: world.now })),
      ]);
      for (const run of runs) expect(await world.phases(run)).toBe("cancelled: a=cancelled");
    }
  });

  test("results and the end of their leases at the same moment: one of the two counts (L3)", async () => {
    await using both = await two();
    const [world, elsewhere] = both.worlds;
    const worker = world.worker("w");
    for (let round = 0; round < 10; round++) {
      const runs = await Promise.all(Array.from({ length: 20 }, () => world.submit(dag(step("a")))));
      const refs = await Promise.all(runs.map((run) => worker.claim(run, "a")));
      elsewhere.now = world.now + ttlMs + 1;
      const early = refs.slice(0, 5).map((ref) => worker.finish(ref));
      const late = elsewhere.expire();
      const answers = await Promise.all([...early, ...refs.slice(5).map((ref) => worker.finish(ref))]);
      const expired = new Set((await late).map(({ runId }) => runId));
      for (const [index, run] of runs.entries()) {
        const isExpired = expired.has(run);
        expect(answers[index]?.reason).toBe(isExpired ? "expired" : undefined);
        expect(await world.phases(run)).toBe(isExpired ? "running: a=ready" : "succeeded: a=succeeded");
      }
      for (const run of runs) await world.store.write.runCancel({ id: run, now: world.now });
    }
  });

  test("a pack that a submission names over one is never collected over the other", async () => {
    await using both = await two();
    const [world] = both.worlds;
    const pack = packOf("shared");
    for (let round = 0; round < 30; round++) {
      const submission = both.stores[0].write.runSubmit({
        ...submissionOf(world, round),
        steps: [{ labels: {}, pinDigest: pack.digest }],
        packs: [pack],
      });
      const collect = both.stores[1].write.snapshotsCollect({ createdBefore: world.now + 1, limit: 100 });
      const { runId } = await submission;
      await collect;
      expect((await both.stores[1].read.snapshotRead({ digest: pack.digest })).digest).toBe(pack.digest);
      await both.stores[1].write.runCancel({ id: runId, now: world.now });
      await both.stores[1].write.runsRetire({ endedBefore: world.now + 1, limit: 10 });
      await both.stores[1].write.runsErase({ ids: [runId], limit: 1000 });
    }
  });

  test("what one commits wakes those who wait at the other", async () => {
    await using both = await two();
    const [world] = both.worlds;
    const woken = Promise.withResolvers<string>();
    const ready = Promise.withResolvers<void>();
    both.stores[1].listen({ runs: ([id]) => woken.resolve(String(id)), ready: () => ready.resolve() });
    const run = await world.submit(wide(1));
    expect(await woken.promise).toBe(run);
    await ready.promise;
  });
});

function submissionOf(world: World, round: number) {
  const digest = parseDigest(`sha256:${"a".repeat(64)}`);
  return {
    id: parseRunId(systemRandom.id()),
    dagDigest: digest,
    dag: dag(step("a")),
    source: "",
    params: { round },
    bodyDigest: digest,
    now: world.now,
  };
}

/** Lists of runs: every filter, every page, whatever comes and goes in between. */

import { present, systemRandom } from "@haversack/base";
import { parseRunId, type Run, type RunId, type RunLabels, type RunTrigger } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { Store } from "../../../packages/coordinator/src/store/store.ts";
import type { RunCursor, RunListQuery } from "../../../packages/coordinator/src/store/verbs/run-list.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, digestOf, step, World } from "./store-world.ts";

interface Asked {
  readonly dagName?: string;
  readonly labels?: RunLabels;
  readonly trigger?: RunTrigger;
}

async function submit(world: World, { dagName = "test", labels = {}, trigger }: Asked = {}): Promise<RunId> {
  const spec = { ...dag(step("a")), name: dagName };
  const id = parseRunId(systemRandom.id());
  await world.store.write.runSubmit({
    id,
    dagDigest: digestOf(dagName),
    dag: spec,
    source: "",
    params: {},
    labels,
    bodyDigest: digestOf("b"),
    now: world.now,
    steps: [{ labels: {} }],
    packs: [],
    ...(trigger === undefined ? {} : { trigger }),
  });
  return id;
}

/** Page after page, to the end. */
async function listed(store: Store, query: Omit<RunListQuery, "limit">, limit = 3): Promise<Run[]> {
  const found: Run[] = [];
  let after: RunCursor | undefined;
  do {
    const page: Awaited<ReturnType<Store["read"]["runsList"]>> = await store.read.runsList({
      ...query,
      ...(after === undefined ? {} : { after }),
      limit,
    });
    expect(page.runs.length).toBeLessThanOrEqual(limit);
    found.push(...page.runs);
    after = page.next;
  } while (after !== undefined);
  return found;
}

const ids = (runs: readonly Run[]): RunId[] => runs.map(({ id }) => id);

export function describeLists(name: string, open: OpenStore): void {
  describe(`${name} lists runs`, () => {
    test("newest first, in pages that skip and double nothing, whatever comes in between", async () => {
      await using store = await open();
      const world = new World(store);
      const before: RunId[] = [];
      for (let index = 0; index < 7; index++) {
        before.unshift(await submit(world));
        // Some at the same moment.
        world.now += index % 3;
      }
      const first = await store.read.runsList({ limit: 3 });
      expect(ids(first.runs)).toEqual(before.slice(0, 3));
      await submit(world);
      // A clock that was set back.
      world.now -= 1_000;
      const late = await submit(world);
      world.now += 5_000;
      await submit(world);
      const second = await store.read.runsList({ limit: 3, after: present(first.next, "a next page") });
      const third = await store.read.runsList({ limit: 3, after: present(second.next, "a next page") });
      expect([...ids(second.runs), ...ids(third.runs)]).toEqual([...before.slice(3), late]);
      expect(third.next).toBeUndefined();
    });

    test("by any filter, alone and together", async () => {
      await using store = await open();
      const world = new World(store);
      const runs = await variedRuns(world);
      const all = await listed(store, {});
      expect(ids(all)).toEqual(runs.toReversed());
      const [some] = all.filter(({ retryOf }) => retryOf !== undefined);
      const times = all.map(({ createdAt }) => createdAt);
      const choices: Partial<RunListQuery>[][] = [
        [{}, { dagName: "other" }],
        [{}, { status: "queued" }, { status: "cancelled" }],
        [
          {},
          { labels: { team: "data" } },
          { labels: { team: "data", tier: "1" } },
          { labels: { team: "1" } },
        ],
        [{}, { trigger: "manual" }, { trigger: "schedule" }],
        [{}, { retryOf: present(some?.retryOf, "a retry") }],
        [{}, { since: present(times[4], "a time") }, { until: present(times[4], "a time") }],
      ];
      for (const query of everyMix(choices)) {
        const expected = all.filter((run) => passes(run, query));
        expect({ query, found: ids(await listed(store, query)) }).toEqual({ query, found: ids(expected) });
      }
    });

    test("labels come back with the run, and go on with its retry", async () => {
      await using store = await open();
      const world = new World(store);
      const id = await submit(world, { labels: { team: "data", "app/tier": "" } });
      await store.write.runCancel({ id, now: world.now });
      const retry = await world.retry(id);
      expect((await store.read.runRead({ id: retry })).labels).toEqual({ team: "data", "app/tier": "" });
      expect(ids(await listed(store, { labels: { "app/tier": "" } }))).toEqual([retry, id]);
      expect(ids(await listed(store, { labels: { "app/tier": "", team: "web" } }))).toEqual([]);
    });

    test("one among thousands is found, by pages that each look at few", async () => {
      await using store = await open();
      const world = new World(store);
      const one = await submit(world, { labels: { rare: "yes" } });
      await store.write.runCancel({ id: one, now: world.now });
      world.now += 1;
      await Promise.all(Array.from({ length: 4_100 }, async () => await submit(world)));
      const page = await store.read.runsList({ dagName: "test", status: "cancelled", limit: 10 });
      expect(page).toMatchObject({ runs: [], next: expect.anything() });
      expect(ids(await listed(store, { dagName: "test", status: "cancelled" }))).toEqual([one]);
      expect(ids(await listed(store, { labels: { rare: "yes" } }))).toEqual([one]);
      expect(await store.read.runsList({ status: "failed", limit: 10 })).toEqual({ runs: [] });
    });

    test("a forgotten run is in no list, and leaves no label", async () => {
      await using store = await open();
      const world = new World(store);
      const id = await submit(world, { labels: { team: "data" } });
      await store.write.runCancel({ id, now: world.now });
      expect(await store.write.runsRetire({ endedBefore: world.now + 1, limit: 10 })).toBe(1);
      expect(await listed(store, { labels: { team: "data" } })).toEqual([]);
      await store.write.runsErase({ ids: [id], limit: 1_000 });
      expect(await store.read.runsForgotten({ limit: 10 })).toEqual([]);
    });
  });
}

/** @returns oldest first */
async function variedRuns(world: World): Promise<RunId[]> {
  const runs: RunId[] = [];
  const labels: RunLabels[] = [{}, { team: "data" }, { team: "data", tier: "1" }, { team: "web", tier: "1" }];
  for (let index = 0; index < 16; index++) {
    const schedule: RunTrigger = { kind: "schedule", schedule: 0, due: index };
    const id = await submit(world, {
      dagName: index % 3 === 0 ? "other" : "test",
      labels: labels[index % labels.length] ?? {},
      ...(index % 5 === 0 ? { trigger: schedule } : {}),
    });
    runs.push(id);
    if (index % 4 < 2) await world.store.write.runCancel({ id, now: world.now });
    if (index === 5 || index === 9) runs.push(await world.retry(parseRunId(runs[1] ?? id)));
    world.now += 10;
  }
  return runs;
}

const everyMix = (choices: Partial<RunListQuery>[][]): Partial<RunListQuery>[] =>
  choices.reduce<Partial<RunListQuery>[]>(
    (mixes, next) => mixes.flatMap((mix) => next.map((each) => ({ ...mix, ...each }))),
    [{}],
  );

/** What a filter means. */
function passes(run: Run, query: Partial<RunListQuery>): boolean {
  const {
    dagName = run.dagName,
    status = run.status,
    labels = {},
    trigger,
    retryOf,
    since = 0,
    until,
  } = query;
  return (
    run.dagName === dagName &&
    run.status === status &&
    Object.entries(labels).every(([name, value]) => run.labels?.[name] === value) &&
    (trigger === undefined || run.trigger?.kind === trigger) &&
    (retryOf === undefined || run.retryOf === retryOf) &&
    run.createdAt >= since &&
    (until === undefined || run.createdAt < until)
  );
}

/**
 * Random histories of runs and packs, told to a store and to a model that only remembers who names what: after each
 * collection nothing that is reachable is gone, and nothing unreachable that is old enough stays. A failure prints the
 * seed and the shortest history that shows it.
 */

import type { RunId } from "@haversack/protocol";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packOf } from "../../../packages/coordinator/src/testing/packs.ts";
import type { OpenStore } from "./describe-store.ts";
import { RetentionWorld } from "./retention-world.ts";

const universe = 6;
const which = fc.nat(universe - 1);
const limit = fc.constantFrom(1, 2, 500);

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("submit"),
      pins: fc.uniqueArray(which, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("take"), run: fc.nat(99), final: fc.option(which) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("finish"), run: fc.nat(99), final: fc.option(which) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel"), run: fc.nat(99) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("keep"), pack: which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("unkeep"), pack: which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(1, 30, 100, 1000) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("retire"), limit, slices: fc.nat(4) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("collect"), limit }) },
);

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;
type Of<Name extends Command["do"]> = Extract<Command, { do: Name }>;

const retentionMs = 50;
const graceMs = 200;

const submit: Command = { do: "submit", pins: [0] };
const finish: Command = { do: "finish", run: 0, final: null };
const wait = (ms: 1 | 100 | 1000): Command => ({ do: "wait", ms });
const retire: Command = { do: "retire", limit: 500, slices: 0 };
const collect: Command = { do: "collect", limit: 500 };

/** What each must have met: chance meets some of it too seldom to be relied upon. */
const shortHistories: readonly (readonly [meets: string, commands: readonly Command[]])[] = [
  ["named by a live run", [submit, wait(1000), collect]],
  ["named by a run that ended", [submit, finish, wait(1000), collect]],
  ["young", [submit, finish, wait(100), retire, collect]],
  ["kept", [submit, finish, { do: "keep", pack: 0 }, wait(1000), retire, collect]],
  ["collected", [submit, finish, wait(1000), retire, collect]],
  ["came back", [submit, finish, wait(1000), retire, collect, submit]],
  ["half erased", [submit, finish, wait(1000), { do: "retire", limit: 1, slices: 1 }]],
];

interface ModelRun {
  readonly id: RunId;
  readonly names: Set<number>;
  endedAt: number | undefined;
}

let cases = 0;

class History {
  readonly seen = new Set<string>();
  readonly #world: RetentionWorld;
  readonly #packs = Array.from({ length: universe }, (_, index) => packOf(`case ${cases} pack ${index}`));
  readonly #created = new Map<number, number>();
  readonly #everCreated = new Set<number>();
  readonly #kept = new Set<number>();
  #runs: ModelRun[] = [];

  constructor(world: RetentionWorld) {
    this.#world = world;
    cases++;
  }

  async tell(each: Command): Promise<void> {
    switch (each.do) {
      case "submit":
        return await this.#submit(each);
      case "take":
      case "finish":
        return await this.#finish(each);
      case "cancel":
        return await this.#cancel(each);
      case "keep":
      case "unkeep":
        return await this.#keep(each);
      case "wait":
        this.#world.now += each.ms;
        return;
      case "retire":
        return await this.#retire(each);
      case "collect":
        return await this.#collect(each);
    }
  }

  async #submit({ pins }: Of<"submit">): Promise<void> {
    for (const pin of pins) this.#create(pin);
    const id = await this.#world.submitWith(pins.map((pin) => this.#pack(pin)));
    this.#runs.push({ id, names: new Set(pins), endedAt: undefined });
  }

  async #finish({ do: what, run: at, final }: Of<"take"> | Of<"finish">): Promise<void> {
    const run = this.#live(at);
    if (run === undefined) return;
    const pack = final === null ? undefined : this.#pack(final);
    const { steps } = await this.#world.store.read.runRead({ id: run.id });
    const ready = steps.filter(({ phase }) => phase === "ready");
    if (ready.length === 0) return;
    if (final !== null) {
      this.#create(final);
      run.names.add(final);
    }
    if (what === "finish") await this.#world.finish(run.id, pack);
    else await this.#world.take(run.id, ready[0]?.id ?? "", pack);
    if (await this.#world.hasEnded(run.id)) run.endedAt = this.#world.now;
  }

  async #cancel({ run: at }: Of<"cancel">): Promise<void> {
    const run = this.#live(at);
    if (run === undefined) return;
    await this.#world.store.write.runCancel({ id: run.id, now: this.#world.now });
    if (await this.#world.hasEnded(run.id)) run.endedAt = this.#world.now;
  }

  async #keep({ do: what, pack: index }: Of<"keep"> | Of<"unkeep">): Promise<void> {
    const { store, now } = this.#world;
    const { digest } = this.#pack(index);
    if (what === "unkeep") {
      expect(await store.write.snapshotUnkeep({ name: digest, digest })).toBe(this.#kept.delete(index));
      return;
    }
    const keeping = store.write.snapshotKeep({ digest, name: digest, note: "", now });
    if (!this.#created.has(index)) return await expect(keeping).rejects.toMatchObject({ fault: "missing" });
    await keeping;
    this.#kept.add(index);
  }

  /** Sometimes the process is killed in between: what was marked is erased by the next one. */
  async #retire({ limit: count, slices }: Of<"retire">): Promise<void> {
    const endedBefore = this.#world.now - retentionMs;
    const { write, read } = this.#world.store;
    if (slices > 0) {
      await write.runsRetire({ endedBefore, limit: count });
      for (let slice = 0; slice < slices; slice++) {
        await write.runsErase({ ids: await read.runsForgotten({ limit: 10 }), limit: count });
      }
      if ((await read.runsForgotten({ limit: 10 })).length > 0) this.seen.add("half erased");
    }
    await this.#world.retire(endedBefore, count);
    this.#runs = this.#runs.filter(({ endedAt }) => endedAt === undefined || endedAt >= endedBefore);
    const { runs: listed } = await read.runsList({ limit: 1000 });
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(this.#runs.map(({ id }) => id)));
  }

  async #collect({ limit: count }: Of<"collect">): Promise<void> {
    const createdBefore = this.#world.now - graceMs;
    await this.#world.collect(createdBefore, count);
    for (const [index, createdAt] of this.#created) {
      const why = this.#whyItStays(index, createdAt, createdBefore);
      this.seen.add(why ?? "collected");
      if (why === undefined) this.#created.delete(index);
    }
    for (const index of this.#everCreated) {
      expect({ index, there: await this.#world.has(this.#pack(index)) }).toEqual({
        index,
        there: this.#created.has(index),
      });
    }
  }

  #whyItStays(index: number, createdAt: number, createdBefore: number): string | undefined {
    const naming = this.#runs.filter(({ names }) => names.has(index));
    if (naming.some(({ endedAt }) => endedAt === undefined)) return "named by a live run";
    if (naming.length > 0) return "named by a run that ended";
    if (this.#kept.has(index)) return "kept";
    return createdAt >= createdBefore ? "young" : undefined;
  }

  #create(index: number): void {
    if (this.#created.has(index)) return;
    if (this.#everCreated.has(index)) this.seen.add("came back");
    this.#created.set(index, this.#world.now);
    this.#everCreated.add(index);
  }

  #live(at: number): ModelRun | undefined {
    const live = this.#runs.filter(({ endedAt }) => endedAt === undefined);
    return live[at % Math.max(1, live.length)];
  }

  #pack(index: number) {
    return this.#packs[index] ?? expect.fail(`no pack ${index}`);
  }

  /** The next history finds the store as it was: no run, no pack. */
  async clear(): Promise<void> {
    for (const index of this.#kept) await this.#keep({ do: "unkeep", pack: index });
    for (const run of this.#runs) {
      await this.#world.store.write.runCancel({ id: run.id, now: this.#world.now });
      await this.#world.worker("w").greet();
    }
    await this.#world.retire(Number.MAX_SAFE_INTEGER);
    await this.#world.collect(Number.MAX_SAFE_INTEGER);
    for (const index of this.#everCreated) expect(await this.#world.has(this.#pack(index))).toBe(false);
  }
}

export function describeRetentionModel(name: string, open: OpenStore, runs: number): void {
  let world: RetentionWorld;
  let store: Awaited<ReturnType<OpenStore>>;
  beforeAll(async () => {
    store = await open();
    world = new RetentionWorld(store);
  });
  afterAll(() => store[Symbol.asyncDispose]());

  // What chance meets too seldom happens in each run of the tests.
  test.each(shortHistories)(`${name}: a pack in a short history: %s`, async (meets, commands) => {
    expect([...(await tellAll(world, commands))]).toContain(meets);
  });

  test(`${name}: nothing reachable is collected and nothing unreachable stays`, async () => {
    const history = fc.asyncProperty(fc.array(command, { maxLength: 40, size: "max" }), async (commands) => {
      await tellAll(world, commands);
    });
    await fc.assert(history, { numRuns: runs });
  });
}

/** @returns what it met */
async function tellAll(world: RetentionWorld, commands: readonly Command[]): Promise<ReadonlySet<string>> {
  const history = new History(world);
  try {
    for (const each of commands) await history.tell(each);
  } finally {
    await history.clear();
  }
  return history.seen;
}

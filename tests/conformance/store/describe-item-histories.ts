/** Whatever happens to items, in any order: the store tells the same as a list of them that is looked at from its start. */

import { type AttemptRef, isTerminalStep, type RunId, type StepPhase } from "@haversack/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, each, step, type TestWorker, ttlMs, World } from "./store-world.ts";

/** A group as a list that is looked at from the start each time. */
class Reference {
  readonly items: StepPhase[];
  readonly tries: number[];
  readonly losses: number[];
  readonly rule: Rule;
  told = false;
  cancelled = false;

  constructor(rule: Rule) {
    this.rule = rule;
    this.items = Array.from({ length: rule.total }, () => "waiting");
    this.tries = this.items.map(() => 0);
    this.losses = this.items.map(() => 0);
    this.settle();
  }

  settle(): void {
    const { failFast, maxParallel } = this.rule;
    if (failFast && this.items.includes("failed")) this.stop();
    for (const [index, phase] of this.items.entries()) {
      const begun = this.items.filter((each) => each === "ready" || each === "leased").length;
      if (phase === "waiting" && begun < maxParallel) this.items[index] = "ready";
    }
  }

  stop(): void {
    this.told = true;
    for (const [index, phase] of this.items.entries()) {
      if (phase === "waiting" || phase === "ready") this.items[index] = "cancelled";
    }
  }

  fail(index: number): void {
    const isLast = (this.tries[index] ?? 0) >= this.rule.tries;
    if (this.told) this.items[index] = "cancelled";
    else this.items[index] = isLast ? "failed" : "ready";
    this.settle();
  }

  lose(index: number): void {
    this.losses[index] = (this.losses[index] ?? 0) + 1;
    if (this.told) this.items[index] = "cancelled";
    else this.items[index] = (this.losses[index] ?? 0) < 3 ? "ready" : "failed";
    // A lost attempt is none of those that failed.
    this.tries[index] = (this.tries[index] ?? 0) - 1;
    this.settle();
  }

  get end(): StepPhase {
    if (!this.items.every(isTerminalStep)) return "running";
    if (this.items.includes("failed")) return "failed";
    return this.items.includes("cancelled") ? "cancelled" : "succeeded";
  }
}

interface Rule {
  readonly total: number;
  readonly maxParallel: number;
  readonly failFast: boolean;
  /** Attempts that may fail. */
  readonly tries: number;
}

const rule: fc.Arbitrary<Rule> = fc.record({
  total: fc.nat(7),
  maxParallel: fc.integer({ min: 1, max: 4 }),
  failFast: fc.boolean(),
  tries: fc.integer({ min: 1, max: 2 }),
});
const command = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant("claim" as const) },
    { weight: 5, arbitrary: fc.constant("finish" as const) },
    { weight: 2, arbitrary: fc.constant("fail" as const) },
    { weight: 1, arbitrary: fc.constant("lose" as const) },
    { weight: 1, arbitrary: fc.constant("stop" as const) },
  ),
  pick: fc.nat(100),
});
type Kind = "claim" | "finish" | "fail" | "lose" | "stop";

/** One item, and each end of it: what all histories must have met is not left to chance. */
const shortHistories = (
  [["claim"], ["claim", "finish"], ["claim", "fail"], ["claim", "lose"], ["stop"]] satisfies Kind[][]
).map((kinds): [Rule, { kind: Kind; pick: number }[]] => [
  { total: 1, maxParallel: 1, failFast: true, tries: 1 },
  kinds.map((kind) => ({ kind, pick: 0 })),
]);

class History {
  readonly #world: World;
  readonly #worker: TestWorker;
  readonly #run: RunId;
  readonly #reference: Reference;
  readonly #held = new Map<number, AttemptRef>();

  constructor(world: World, run: RunId, reference: Reference) {
    this.#world = world;
    this.#worker = world.worker("w");
    this.#run = run;
    this.#reference = reference;
  }

  /** @returns what was done; undefined: it could not be done now */
  async do(kind: Kind, pick: number): Promise<string | undefined> {
    if (kind === "stop") return pick < 20 ? await this.#cancel() : undefined;
    const wanted = kind === "claim" ? "ready" : "leased";
    const { items } = this.#reference;
    const able = [...items.keys()].filter((index) => items[index] === wanted);
    const index = able[pick % Math.max(able.length, 1)];
    if (index === undefined) return undefined;
    if (kind === "claim") await this.#claim(index);
    else await this.#end(kind, index);
    return kind;
  }

  async expectAlike(): Promise<void> {
    const { items, end } = this.#reference;
    const read = await this.#world.store.read.runRead({ id: this.#run });
    const [group] = read.steps;
    expect(group?.phase).toBe(end);
    expect(read.status === "queued" || read.status === "running").toBe(end === "running");
    expect(await this.#world.itemPhases(this.#run, "a")).toBe(items.join(" "));
    const count = (...phases: StepPhase[]) => items.filter((each) => phases.includes(each)).length;
    expect(group?.items).toEqual({
      total: items.length,
      waiting: count("waiting"),
      active: count("ready", "leased"),
      succeeded: count("succeeded"),
      failed: count("failed"),
      cancelled: count("cancelled"),
    });
  }

  async #cancel(): Promise<string | undefined> {
    if (this.#reference.cancelled || this.#reference.end !== "running") return undefined;
    this.#reference.cancelled = true;
    this.#reference.stop();
    await this.#world.store.write.runCancel({ id: this.#run, now: this.#world.now });
    return "cancel";
  }

  async #claim(index: number): Promise<void> {
    this.#held.set(index, await this.#worker.claim(this.#run, `a.${index}`));
    this.#reference.tries[index] = (this.#reference.tries[index] ?? 0) + 1;
    this.#reference.items[index] = "leased";
  }

  async #end(kind: "finish" | "fail" | "lose", index: number): Promise<void> {
    const ref = this.#held.get(index) ?? expect.fail("not held");
    this.#held.delete(index);
    if (kind === "finish") {
      this.#reference.items[index] = "succeeded";
      this.#reference.settle();
      expect(await this.#worker.finish(ref)).toBeUndefined();
    } else if (kind === "fail") {
      this.#reference.fail(index);
      expect(await this.#worker.fail(ref)).toBeUndefined();
    } else {
      this.#reference.lose(index);
      this.#world.now += ttlMs - 1;
      const others = [...this.#held.values()];
      if (others.length > 0) await this.#worker.renew(...others);
      this.#world.now += 1;
      const expired = await this.#world.expire();
      expect(expired.filter(({ runId }) => runId === this.#run)).toEqual([ref]);
    }
  }
}

export function describeItemHistories(name: string, openStore: OpenStore): void {
  test(`${name}: whatever happens, items look as a list of them would`, { timeout: 240_000 }, async () => {
    await using store = await openStore();
    const world = new World(store);
    const met = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(rule, fc.array(command, { minLength: 10, maxLength: 40 }), async (given, commands) => {
        const items = Array.from({ length: given.total }, (_, index) => index);
        const retry = { limit: given.tries - 1, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } as const;
        const spec = dag(step("a", [], { ...each(items, given), retry }));
        const run = await world.submit(spec);
        const reference = new Reference(given);
        const history = new History(world, run, reference);
        await history.expectAlike();
        for (const { kind, pick } of commands) {
          const done = await history.do(kind, pick);
          if (done === undefined) continue;
          met.set(done, (met.get(done) ?? 0) + 1);
          await history.expectAlike();
        }
        met.set(reference.end, (met.get(reference.end) ?? 0) + 1);
        await store.write.runCancel({ id: run, now: world.now });
      }),
      { numRuns: 60 + shortHistories.length, examples: shortHistories },
    );
    const expected = [
      "claim",
      "finish",
      "fail",
      "lose",
      "cancel",
      "running",
      "failed",
      "cancelled",
      "succeeded",
    ];
    expect([...met.keys()].toSorted()).toEqual(expected.toSorted());
  });
}

/**
 * Random histories of one run, told to a store and to the reference: after each command both must answer alike and look
 * alike (L1-L4, D1, C2, P4). A failure prints the seed and the shortest history that shows it.
 */

import {
  type AttemptRef,
  isTerminalRun,
  isTerminalStep,
  parseBootId,
  type RunId,
  refKey,
  type StepPhase,
  type StepSpec,
} from "@haversack/protocol";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Store } from "../../../packages/coordinator/src/store/store.ts";
import type { OpenStore } from "./describe-store.ts";
import { type Command, command, conditions, handlers, steps } from "./model-cases.ts";
import { type ShortHistory, shortHistories } from "./model-examples.ts";
import { type RefAttempt, ReferenceRun } from "./reference.ts";
import { dag, type TestWorker, ttlMs, World } from "./store-world.ts";

type Of<Name extends Command["do"]> = Extract<Command, { do: Name }>;
let cases = 0;

class History {
  readonly #world: World;
  readonly #run: RunId;
  readonly #reference: ReferenceRun;
  readonly #workers: readonly TestWorker[];
  readonly #refs: AttemptRef[] = [];

  private constructor(world: World, run: RunId, specs: readonly StepSpec[]) {
    this.#world = world;
    this.#run = run;
    this.#reference = new ReferenceRun(specs, ttlMs, conditions);
    const own = ++cases;
    this.#workers = [0, 1, 2].map((index) => world.worker(`case${own}-w${index}`));
  }

  static async begin(
    world: World,
    specs: readonly StepSpec[],
    handlers: readonly StepSpec[],
  ): Promise<History> {
    const spec = handlers.length === 0 ? dag(...specs) : { ...dag(...specs), handlers };
    return new History(world, await world.submit(spec), [...specs, ...handlers]);
  }

  async tell(command: Command): Promise<void> {
    if (command.do === "claim") await this.#claim(command);
    else if (command.do === "start") await this.#start(command);
    else if (command.do === "finish") await this.#finish(command);
    else if (command.do === "renew") await this.#renew(command);
    else if (command.do === "greet") await this.#greet(command);
    else if (command.do === "advance") this.#world.now += command.ms;
    else if (command.do === "expire") await this.#expire();
    else if (command.do === "lose") await this.#loseAll();
    else await this.#cancel();
    await this.#compare();
  }

  /** Heals everything: what is still to do is done by a worker that works, and the run ends (D2). */
  async end(): Promise<ReadonlySet<string>> {
    const { steps } = this.#reference;
    for (let round = 0; !isTerminalRun(this.#reference.status); round++) {
      expect(round).toBeLessThan(12);
      this.#world.now += 2 * ttlMs;
      await this.#expire();
      for (const index of steps.keys()) {
        await this.#claim({ do: "claim", which: index, worker: 0 });
        const which = this.#refs.length - 1;
        await this.#finish({ do: "finish", which, thief: false, outcome: "succeeded", interrupted: false });
      }
      await this.#compare();
    }
    await this.#judgeEvents();
    return this.#reference.seen;
  }

  async #claim({ which, worker }: Of<"claim">): Promise<void> {
    const [index, by] = [which % this.#reference.steps.length, this.#worker(worker)];
    const before = this.#reference.steps[index];
    const ready = before?.phase === "ready";
    const expected = this.#reference.claim(index, by.id, by.bootId, this.#world.now);
    const claimed = await by.tryClaim(this.#run, before?.spec.id ?? "");
    expect(claimed?.attempt).toBe(expected);
    if (claimed === undefined) return;
    // Never before its dependencies have ended, or without being told to (D1), never two at once (L1).
    expect(ready).toBe(true);
    expect(
      before?.depends.map((on) => isTerminalStep(this.#reference.steps[on]?.phase ?? "waiting")),
    ).not.toContain(false);
    if (before?.spec.condition === undefined)
      expect(before?.depends.map((on) => this.#reference.satisfies(on))).not.toContain(false);
    const { runId, stepId, attempt, generation } = claimed;
    this.#refs.push({ runId, stepId, attempt, generation });
    expect(this.#reference.live.filter(({ step }) => step === index)).toHaveLength(1);
  }

  async #start({ which, thief }: Of<"start">): Promise<void> {
    const [ref, attempt] = this.#pick(which);
    if (ref === undefined || attempt === undefined) return;
    const by = this.#writer(attempt, thief);
    const reason = this.#reference.refusal(attempt, by.id);
    if (reason === undefined) this.#reference.start(attempt);
    expect(await by.start(ref)).toEqual(reason === undefined ? [] : [{ ref, reason }]);
  }

  async #finish({ which, thief, outcome, interrupted }: Of<"finish">): Promise<void> {
    const [ref, attempt] = this.#pick(which);
    if (ref === undefined || attempt === undefined) return;
    const by = this.#writer(attempt, thief);
    const end = { outcome, interrupted, digest: `${outcome} ${interrupted}`, now: this.#world.now };
    const reason = this.#reference.finish(attempt, by.id, end);
    const failure = interrupted ? { failure: { code: "worker_stopped", message: "stopped" } } : {};
    const answer = await by.finish(ref, { outcome, ...failure });
    expect(answer).toEqual(reason === undefined ? undefined : { ref, reason });
  }

  async #renew({ worker, held }: Of<"renew">): Promise<void> {
    const by = this.#worker(worker);
    const refs = this.#subset(held);
    const expected = this.#renewed(refs, by);
    expect(await by.renew(...refs)).toEqual(expected);
  }

  async #greet({ worker, held, reboot }: Of<"greet">): Promise<void> {
    const by = this.#worker(worker);
    if (reboot) by.bootId = parseBootId(`boot-${++cases}`);
    const refs = this.#subset(held);
    this.#reference.greet(by.id, by.bootId, new Set(refs.flatMap((ref) => this.#attempt(ref) ?? [])));
    const expected = this.#renewed(refs, by);
    expect(await by.greet(refs)).toEqual(expected);
  }

  #renewed(refs: readonly AttemptRef[], by: TestWorker) {
    const refusals = [];
    const cancelled = [];
    for (const ref of refs) {
      const attempt = this.#attempt(ref);
      const reason = this.#reference.refusal(attempt, by.id);
      if (reason !== undefined) refusals.push({ ref, reason });
      else if (attempt !== undefined) {
        this.#reference.renew(attempt, by.bootId, this.#world.now);
        const spec = this.#reference.steps[attempt.step]?.spec ?? expect.fail();
        if (this.#reference.isCancelled(spec)) cancelled.push(ref);
      }
    }
    return { refusals, cancelled };
  }

  async #expire(): Promise<void> {
    const expected = this.#reference.expire(this.#world.now).map(({ step, number }) => `${step}#${number}`);
    const expired = (await this.#world.expire()).filter(({ runId }) => runId === this.#run);
    const found = expired.map(({ stepId, attempt }) => `${this.#indexOf(stepId)}#${attempt}`);
    expect(found.toSorted()).toEqual(expected.toSorted());
  }

  /** Nobody renews for the length of a lease. */
  async #loseAll(): Promise<void> {
    this.#world.now += ttlMs;
    await this.#expire();
  }

  async #cancel(): Promise<void> {
    this.#reference.cancel();
    const { live } = await this.#world.store.write.runCancel({ id: this.#run, now: this.#world.now });
    const { live: running, steps } = this.#reference;
    const toEnd = running.filter(({ step }) =>
      this.#reference.isCancelled(steps[step]?.spec ?? expect.fail()),
    );
    const expected = toEnd.map(({ step, number }) => `${this.#reference.steps[step]?.spec.id}#${number}`);
    expect(live.map(({ stepId, attempt }) => `${stepId}#${attempt}`).toSorted()).toEqual(expected.toSorted());
  }

  async #compare(): Promise<void> {
    const run = await this.#world.store.read.runRead({ id: this.#run });
    const steps = run.steps.map(({ id, phase, attempt }) => `${id}=${phase}#${attempt}`);
    expect([run.status, run.cancelRequested, run.eventSeq, ...steps].join(" ")).toBe(this.#reference.picture);
    expect(isTerminalRun(run.status)).toBe(run.steps.every(({ phase }) => isTerminalStep(phase)));
  }

  /** Numbered without a gap; told again they lead to what is stored; nothing follows an end. */
  async #judgeEvents(): Promise<void> {
    const { store } = this.#world;
    const { events, run } = await store.read.runEvents({ id: this.#run, afterSeq: 0, limit: 10_000 });
    expect(events.map(({ seq }) => seq)).toEqual(
      Array.from({ length: run.eventSeq }, (_, index) => index + 1),
    );
    const phases = new Map<string, StepPhase>();
    let attempts = 0;
    for (const { change } of events) {
      if (change.kind === "run") continue;
      expect(isTerminalStep(phases.get(change.stepId) ?? "waiting")).toBe(false);
      if (change.phase === "leased") attempts++;
      phases.set(change.stepId, change.phase);
    }
    expect(attempts).toBe(this.#refs.length);
    expect(new Set(this.#refs.map(refKey)).size).toBe(attempts);
    for (const { spec, phase } of this.#reference.steps) expect(phases.get(spec.id)).toBe(phase);
    expect(events.at(-1)?.change).toMatchObject({ kind: "run", status: run.status });
  }

  #indexOf(stepId: string): number {
    return this.#reference.steps.findIndex(({ spec }) => spec.id === stepId);
  }

  #worker(index: number): TestWorker {
    return this.#workers[index] ?? expect.fail(`no worker ${index}`);
  }

  #pick(which: number): [AttemptRef | undefined, RefAttempt | undefined] {
    const ref = this.#refs[which % Math.max(1, this.#refs.length)];
    return [ref, ref === undefined ? undefined : this.#attempt(ref)];
  }

  #attempt(ref: AttemptRef): RefAttempt | undefined {
    const index = this.#indexOf(ref.stepId);
    return this.#reference.attempts.find(({ step, number }) => step === index && number === ref.attempt);
  }

  #writer(attempt: RefAttempt, thief: boolean): TestWorker {
    const own = this.#workers.findIndex(({ id }) => id === attempt.worker);
    return this.#worker(thief ? (own + 1) % this.#workers.length : own);
  }

  /** By the bits of a number, of the newest ten. */
  #subset(bits: number): AttemptRef[] {
    return this.#refs.slice(-10).filter((_, bit) => (bits & (1 << bit)) !== 0);
  }
}

export function describeStoreModel(name: string, open: OpenStore, numRuns: number): void {
  describe(`${name}: each history of a run`, () => {
    let store: Awaited<ReturnType<OpenStore>>;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store[Symbol.asyncDispose]());

    // What chance meets too seldom happens in each run of the tests.
    test.each(shortHistories.map((each) => [each.shows.join(", "), each] as const))(
      "is answered as the reference answers it: %s",
      async (_, short) => {
        expect([...(await tellAll(store, short))]).toEqual(expect.arrayContaining([...short.shows]));
      },
    );

    test("is answered as the reference answers it, and ends when everything heals", async () => {
      const commands = fc.array(command, { maxLength: 60, size: "max" });
      const history = fc.asyncProperty(steps, handlers, commands, async (steps, handlers, commands) => {
        await tellAll(store, { steps, handlers, commands });
      });
      await fc.assert(history, { numRuns });
    });
  });
}

/** @returns what happened in it, after its commands or until its end */
async function tellAll(
  store: Store,
  { steps, handlers, commands }: Omit<ShortHistory, "shows">,
): Promise<ReadonlySet<string>> {
  const history = await History.begin(new World(store), steps, handlers);
  for (const each of commands) await history.tell(each);
  return await history.end();
}

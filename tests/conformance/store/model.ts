/**
 * Random histories of one run, told to a store and to the reference: after each command both must answer alike and look
 * alike (L1-L4, D1, C2, P4). A failure prints the seed and the shortest history that shows it.
 */

import { FaultError } from "@haversack/base";
import {
  type ApprovalDecision,
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
import { type Command, command, conditions, handlers, steps, timeout } from "./model-cases.ts";
import { type ShortHistory, shortHistories } from "./model-examples.ts";
import { ReferenceRun } from "./reference.ts";
import type { RefAttempt, RefDeadline } from "./reference-nouns.ts";
import { satisfies } from "./reference-outcomes.ts";
import { pictureOf } from "./reference-waiting.ts";
import { dag, refused, type TestWorker, ttlMs, World } from "./store-world.ts";

type Of<Name extends Command["do"]> = Extract<Command, { do: Name }>;
let cases = 0;

const refName = ({ stepId, attempt }: AttemptRef): string => `${stepId}#${attempt}`;

class History {
  readonly #world: World;
  readonly #run: RunId;
  readonly #reference: ReferenceRun;
  readonly #workers: readonly TestWorker[];
  readonly #refs: AttemptRef[] = [];

  private constructor(world: World, run: RunId, specs: readonly StepSpec[], timeoutMs: number | undefined) {
    this.#world = world;
    this.#run = run;
    this.#reference = new ReferenceRun(specs, { ttlMs, conditions, timeoutMs, now: world.now });
    const own = ++cases;
    this.#workers = [0, 1, 2].map((index) => world.worker(`case${own}-w${index}`));
  }

  static async begin(
    world: World,
    specs: readonly StepSpec[],
    handlers: readonly StepSpec[],
    timeoutMs: number | undefined,
  ): Promise<History> {
    const handled = handlers.length === 0 ? dag(...specs) : { ...dag(...specs), handlers };
    const spec = timeoutMs === undefined ? handled : { ...handled, timeoutMs };
    return new History(world, await world.submit(spec), [...specs, ...handlers], timeoutMs);
  }

  async tell(command: Command): Promise<void> {
    if (command.do === "claim") await this.#claim(command);
    else if (command.do === "start") await this.#start(command);
    else if (command.do === "finish") await this.#finish(command);
    else if (command.do === "renew") await this.#renew(command);
    else if (command.do === "greet") await this.#greet(command);
    else if (command.do === "advance") this.#advance(command.ms);
    else if (command.do === "answer") await this.#answer(command);
    else if (command.do === "sweep") await this.#sweep();
    else if (command.do === "pause") await this.#pause();
    else if (command.do === "resume") await this.#resume();
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
      this.#advance(2 * ttlMs);
      await this.#expire();
      await this.#sweep();
      await this.#resume();
      for (const [index, { phase }] of steps.entries()) {
        if (phase === "suspended") await this.#answerTo(index, "approved");
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
      expect(before?.depends.map((on) => satisfies(this.#reference.steps[on]))).not.toContain(false);
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
    expect(await by.start(ref)).toEqual(reason === undefined ? [] : [refused(ref, reason, attempt)]);
  }

  async #finish({ which, thief, outcome, interrupted }: Of<"finish">): Promise<void> {
    const [ref, attempt] = this.#pick(which);
    if (ref === undefined || attempt === undefined) return;
    const by = this.#writer(attempt, thief);
    const end = { outcome, interrupted, digest: `${outcome} ${interrupted}`, now: this.#world.now };
    const reason = this.#reference.finish(attempt, by.id, end);
    const failure = interrupted ? { failure: { code: "worker_stopped", message: "stopped" } } : {};
    const answer = await by.finish(ref, { outcome, ...failure });
    expect(answer).toEqual(reason === undefined ? undefined : refused(ref, reason, attempt));
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
      if (reason !== undefined) refusals.push(refused(ref, reason, attempt));
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
    this.#advance(ttlMs);
    await this.#expire();
  }

  #advance(ms: number): void {
    this.#world.now += ms;
    this.#reference.now += ms;
  }

  async #answer({ which, decision }: Of<"answer">): Promise<void> {
    const asking = [...this.#reference.steps.entries()].filter(([, { spec }]) => spec.work.kind === "human");
    const [index] = asking[which % Math.max(1, asking.length)] ?? [];
    if (index !== undefined) await this.#answerTo(index, decision);
  }

  async #answerTo(index: number, decision: ApprovalDecision): Promise<void> {
    const { spec } = this.#reference.steps[index] ?? expect.fail("no step");
    const expected = this.#reference.answer(index, decision);
    const { store, now } = this.#world;
    const answer = { decision, by: "admin", fields: {} };
    const given = { runId: this.#run, stepId: spec.id, answer, digest: decision, now };
    const told = await store.write.stepAnswer(given).then(
      ({ existed }) => existed,
      (error: unknown) => (error instanceof FaultError ? error.code : error),
    );
    expect(told).toBe(expected);
  }

  async #sweep(): Promise<void> {
    const { store, now } = this.#world;
    const found = (await store.read.deadlinesDue({ now, limit: 10_000 })).due;
    const own = found.filter(({ runId }) => runId === this.#run);
    const names = own.map(({ kind, index, due }) => ({ step: kind === "run" ? kind : index, due }) as const);
    const order = ({ step, due }: RefDeadline) => `${step}/${due}`;
    expect(names.map(order).toSorted()).toEqual(this.#reference.due.map(order).toSorted());
    for (const [at, deadline] of own.entries()) {
      this.#reference.serve(names[at] ?? expect.fail("no name"));
      const { live } = await store.write.deadlineServe({ ...deadline, now });
      if (deadline.kind === "run") expect(live.map(refName).toSorted()).toEqual(this.#toEnd());
      else expect(live).toEqual([]);
    }
  }

  async #pause(): Promise<void> {
    const expected = this.#reference.pause();
    const told = await this.#world.pause(this.#run).catch((error: unknown) => {
      expect(error).toMatchObject({ code: "run_not_running" });
    });
    expect(told).toBe(expected);
  }

  async #resume(): Promise<void> {
    const expected = this.#reference.resume();
    expect(await this.#world.resume(this.#run)).toBe(expected);
  }

  /** The live attempts that the run wants to end. */
  #toEnd(): string[] {
    const { live, steps } = this.#reference;
    const toEnd = live.filter(({ step }) => this.#reference.isCancelled(steps[step]?.spec ?? expect.fail()));
    return toEnd.map(({ step, number }) => `${steps[step]?.spec.id}#${number}`).toSorted();
  }

  async #cancel(): Promise<void> {
    this.#reference.cancel();
    const { live } = await this.#world.store.write.runCancel({ id: this.#run, now: this.#world.now });
    expect(live.map(refName).toSorted()).toEqual(this.#reference.cancelRequested ? this.#toEnd() : []);
  }

  async #compare(): Promise<void> {
    const run = await this.#world.store.read.runRead({ id: this.#run });
    const steps = run.steps.map(({ id, phase, attempt }) => `${id}=${phase}#${attempt}`);
    const isPaused = run.paused !== undefined;
    const picture = [run.status, run.cancelRequested, isPaused, run.dueAt, run.eventSeq, ...steps].join(" ");
    expect(picture).toBe(pictureOf(this.#reference));
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
      const history = fc.asyncProperty(
        steps,
        handlers,
        timeout,
        commands,
        async (steps, handlers, timeoutMs, commands) => {
          await tellAll(store, {
            steps,
            handlers,
            commands,
            ...(timeoutMs === undefined ? {} : { timeoutMs }),
          });
        },
      );
      await fc.assert(history, { numRuns });
    });
  });
}

/** @returns what happened in it, after its commands or until its end */
async function tellAll(
  store: Store,
  { steps, handlers, timeoutMs, commands }: Omit<ShortHistory, "shows">,
): Promise<ReadonlySet<string>> {
  const history = await History.begin(new World(store), steps, handlers, timeoutMs);
  for (const each of commands) await history.tell(each);
  return await history.end();
}

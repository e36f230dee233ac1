/** Short ways to say what the store suites are about: submit this DAG, claim that step, report its end. */

import { createHash } from "node:crypto";
import { present, systemRandom } from "@haversack/base";
import {
  type AttemptRef,
  type AttemptResult,
  allSteps,
  type BootId,
  type DagSpec,
  type Digest,
  type ForeachSpec,
  type HandlerKind,
  handlerKinds,
  itemOfId,
  type JsonValue,
  parseBootId,
  parseDigest,
  parseRunId,
  parseWorkerId,
  type RefusalReason,
  type RunId,
  type RunTrace,
  type Step,
  type StepSpec,
  type WorkerId,
} from "@haversack/protocol";
import type { Store } from "../../../packages/coordinator/src/store/store.ts";
import type { StepSubmission } from "../../../packages/coordinator/src/store/verbs/new-steps.ts";
import type { Claimed } from "../../../packages/coordinator/src/store/verbs/step-verbs.ts";
import { plainHello } from "../../../packages/protocol/src/testing/plain-hello.ts";

export const digestOf = (text: string): Digest =>
  parseDigest(`sha256:${createHash("sha256").update(text).digest("hex")}`);

export function step(id: string, depends: string[] = [], more: Partial<StepSpec> = {}): StepSpec {
  return {
    id,
    depends,
    env: {},
    worker: {},
    retry: { limit: 0, backoff: "fixed", delayMs: 0, maxDelayMs: 0 },
    outputs: [],
    artifacts: [],
    inputs: [],
    onWorkerLost: "retry",
    work: { kind: "run", script: "true", shell: ["sh"], workdir: "" },
    ...more,
  };
}

export const dag = (...steps: StepSpec[]): DagSpec => ({ name: "test", params: {}, env: {}, steps });

/** @param handlers lists by kind */
export function withHandlers(spec: DagSpec, handlers: Partial<Record<HandlerKind, StepSpec[]>>): DagSpec {
  const list = handlerKinds.flatMap((handler) =>
    (handlers[handler] ?? []).map((each) => ({ ...each, handler })),
  );
  return { ...spec, handlers: list };
}

export const ttlMs = 30_000;

/** One store and a clock that only the test moves. */
export class World {
  now = 1_000_000;
  readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  async submit(
    spec: DagSpec,
    key?: string,
    body = "body",
    step: Partial<StepSubmission> = {},
  ): Promise<RunId> {
    const { runId } = await this.store.write.runSubmit({
      id: parseRunId(systemRandom.id()),
      dagDigest: digestOf(JSON.stringify(spec)),
      dag: spec,
      source: "",
      params: {},
      bodyDigest: digestOf(body),
      now: this.now,
      steps: allSteps(spec).map(() => ({ labels: {}, ...step })),
      packs: [],
      ...(key === undefined ? {} : { idempotencyKey: key }),
    });
    return runId;
  }

  async retry(
    id: RunId,
    more: { fromStep?: string; idempotencyKey?: string; trace?: RunTrace } = {},
  ): Promise<RunId> {
    const newId = parseRunId(systemRandom.id());
    const request = { id, newId, bodyDigest: digestOf("retry"), now: this.now, ...more };
    return (await this.store.write.runRetry(request)).runId;
  }

  /** A run of one step that may append to both scopes. */
  async submitWriter(more: Partial<StepSubmission> = {}): Promise<RunId> {
    const memoryWrite = { global: "append", dag: "append" } as const;
    return await this.submit(dag(step("a")), undefined, "body", { memoryWrite, ...more });
  }

  worker(name: string): TestWorker {
    return new TestWorker(this, parseWorkerId(name), parseBootId(`${name}-boot-1`));
  }

  async ready(): Promise<string[]> {
    return (await this.readySteps()).map(({ stepId }) => stepId);
  }

  /** With what they ask of a worker. */
  async readySteps(count = 1000) {
    await this.store.write.stepsDueNow({ now: this.now, limit: 1000 });
    const { queues } = await this.store.read.queuesLook({ after: 0, limit: 1000 });
    const steps = await this.store.read.stepsHead({ counts: new Map(queues.map(({ no }) => [no, count])) });
    const selectors = new Map(queues.map(({ no, selector }) => [no, selector]));
    return steps.map((step) => ({ ...step, labels: selectors.get(step.queue) }));
  }

  async expire(): Promise<AttemptRef[]> {
    const { expired } = await this.store.write.leasesExpire({
      now: this.now,
      leaseNow: this.now,
      limit: 1000,
    });
    return expired.map(({ ref }) => ref);
  }

  /** Serves what is due. @returns each, and the attempts that have to end */
  async sweep(): Promise<string[]> {
    const told: string[] = [];
    for (const deadline of (await this.store.read.deadlinesDue({ now: this.now, limit: 1000 })).due) {
      told.push(`${deadline.kind} ${deadline.runId}`);
      const { live } = await this.store.write.deadlineServe({ ...deadline, now: this.now });
      told.push(...live.map(({ stepId, attempt }) => `cancel ${stepId}#${attempt}`));
    }
    return told;
  }

  async pause(id: RunId, reason = ""): Promise<boolean> {
    return await this.store.write.runPause({ id, reason, now: this.now });
  }

  async resume(id: RunId): Promise<boolean> {
    return await this.store.write.runResume({ id, now: this.now });
  }

  /** Of a step, or of an item. */
  async indexOf(id: RunId, stepId: string): Promise<number> {
    if (itemOfId(stepId) !== undefined) {
      const [item] = await this.store.read.itemsRead({ id, stepId, from: 0, limit: 1 });
      return present(item, `item ${stepId}`).index;
    }
    return (await this.store.read.runRead({ id })).steps.findIndex((each) => each.id === stepId);
  }

  async items(id: RunId, stepId: string): Promise<readonly Step[]> {
    const all = await this.store.read.itemsRead({ id, stepId, from: 0, limit: 1000 });
    return all.map(({ step }) => step);
  }

  /** Of the items of a step, such as `succeeded ready waiting`. */
  async itemPhases(id: RunId, stepId: string): Promise<string> {
    return (await this.items(id, stepId)).map(({ phase }) => phase).join(" ");
  }

  async phases(id: RunId): Promise<string> {
    const run = await this.store.read.runRead({ id });
    return `${run.status}: ${run.steps.map((s) => `${s.id}=${s.phase}`).join(" ")}`;
  }
}

/** With items, as many at once as there are. */
export const each = (items: string | readonly JsonValue[], more: Partial<ForeachSpec> = {}) => ({
  foreach: { over: { kind: "list", items }, maxParallel: 1000, failFast: true, ...more } as const,
});

export class TestWorker {
  readonly world: World;
  readonly id: WorkerId;
  bootId: BootId;

  constructor(world: World, id: WorkerId, bootId: BootId) {
    this.world = world;
    this.id = id;
    this.bootId = bootId;
  }

  async greet(held: readonly AttemptRef[] = []) {
    const labels = new Map([["os", "linux"]]);
    const hello = plainHello(this.id, { bootId: this.bootId, labels, slots: 4, held });
    const { now, store } = this.world;
    return await store.write.workerGreet({ hello, now, leaseUntil: now + ttlMs });
  }

  async tryClaim(runId: RunId, stepId: string): Promise<Claimed | undefined> {
    const { now, store } = this.world;
    const index = await this.world.indexOf(runId, stepId);
    const [claimed] = await store.write.stepsTake({
      claims: [{ runId, index, workerId: this.id, bootId: this.bootId }],
      generation: store.generation,
      leaseUntil: now + ttlMs,
      now,
    });
    return claimed;
  }

  async claim(runId: RunId, stepId: string): Promise<AttemptRef> {
    const claimed = present(await this.tryClaim(runId, stepId), `claim of ${stepId}`);
    const { attempt, generation } = claimed;
    return { runId, stepId: claimed.stepId, attempt, generation };
  }

  async start(...refs: AttemptRef[]) {
    return await this.world.store.write.attemptsStart({ refs, workerId: this.id, now: this.world.now });
  }

  async finish(ref: AttemptRef, more: Partial<AttemptResult> = {}) {
    const result: AttemptResult = {
      ref,
      outcome: "succeeded",
      outputs: new Map(),
      artifacts: [],
      logs: [],
      ...more,
    };
    const resultDigest = digestOf(JSON.stringify(result));
    const { store, now } = this.world;
    const results = [{ result, resultDigest }];
    const [refusal] = await store.write.attemptsFinish({ results, workerId: this.id, now });
    return refusal;
  }

  async fail(ref: AttemptRef, exitCode = 1) {
    return await this.finish(ref, {
      outcome: "failed",
      exitCode,
      failure: { code: "exit_code", message: "no" },
    });
  }

  async renew(...refs: AttemptRef[]) {
    const { store, now } = this.world;
    const lease = { leaseUntil: now + ttlMs, bootId: this.bootId };
    return await store.write.leasesRenew({ refs, workerId: this.id, now, ...lease });
  }
}

/** An attempt that is there and somebody else's is told from one that is not there. */
export const refused = (ref: AttemptRef, reason: RefusalReason, attempt: unknown) =>
  reason === "unknown" && attempt !== undefined ? { ref, reason, foreign: true } : { ref, reason };

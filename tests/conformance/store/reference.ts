/** What a store must do, once more, in the simplest way that could be right: no SQL, no batches, one run in memory. */

import type { Outcome, RefusalReason, RunStatus, StepPhase, StepSpec } from "@haversack/protocol";

export interface RefAttempt {
  readonly step: number;
  readonly number: number;
  readonly worker: string;
  boot: string;
  leaseUntil: number;
  phase: "leased" | "running" | "lost" | Outcome;
  /** Of the accepted result. */
  result: string | undefined;
}

/** An `if` and what it means, said once more without an evaluator. */
export interface RefCondition {
  readonly text: string;
  readonly rescues: boolean;
  isTrue(before: { satisfied: boolean; failed: boolean; cancelled: boolean }): boolean;
}

interface RefStep {
  readonly spec: StepSpec;
  readonly depends: readonly number[];
  phase: StepPhase;
  attempt: number;
  failed: number;
  lost: number;
  notBefore: number;
}

const ended = (phase: StepPhase): boolean =>
  phase === "succeeded" ||
  phase === "failed" ||
  phase === "cancelled" ||
  phase === "blocked" ||
  phase === "skipped";
const isLive = ({ phase }: RefAttempt): boolean => phase === "leased" || phase === "running";

const isFirst = ({ depends, condition, handler }: StepSpec): boolean =>
  depends.length === 0 && condition === undefined && handler === undefined;

const handlerFor = { succeeded: "onSuccess", failed: "onFailure", cancelled: "onCancel" } as const;

export class ReferenceRun {
  readonly steps: readonly RefStep[];
  readonly attempts: RefAttempt[] = [];
  /** What has happened at least once, so that a test can tell that it tried it. */
  readonly seen = new Set<string>();
  status: RunStatus = "queued";
  cancelRequested = false;
  /** How the steps ended. */
  #outcome: "succeeded" | "failed" | "cancelled" | undefined;
  #hasExitBegun = false;
  /** The first one says that the run was queued. */
  events = 1;
  readonly #ttlMs: number;
  readonly #conditions: readonly RefCondition[];

  constructor(specs: readonly StepSpec[], ttlMs: number, conditions: readonly RefCondition[]) {
    this.#ttlMs = ttlMs;
    this.#conditions = conditions;
    this.steps = specs.map((spec) => ({
      spec,
      depends: spec.depends.map((id) => specs.findIndex((other) => other.id === id)),
      phase: isFirst(spec) ? "ready" : "waiting",
      attempt: 0,
      failed: 0,
      lost: 0,
      notBefore: 0,
    }));
    if (this.#settle()) this.#endRun();
  }

  /** As a reader of the store sees it. */
  get picture(): string {
    const steps = this.steps.map(({ spec, phase, attempt }) => `${spec.id}=${phase}#${attempt}`);
    return [this.status, this.cancelRequested, this.events, ...steps].join(" ");
  }

  get live(): RefAttempt[] {
    return this.attempts.filter(isLive);
  }

  claim(index: number, worker: string, boot: string, now: number): number | undefined {
    const step = this.#step(index);
    if (this.isCancelled(step.spec) || step.phase !== "ready" || step.notBefore > now) return undefined;
    if (this.status === "queued") {
      this.status = "running";
      this.events++;
    }
    this.#move(step, "leased");
    step.attempt += 1;
    const lease = { leaseUntil: now + this.#ttlMs, phase: "leased", result: undefined } as const;
    this.attempts.push({ step: index, number: step.attempt, worker, boot, ...lease });
    return step.attempt;
  }

  /** Why the worker may not write; undefined: it may. */
  refusal(attempt: RefAttempt | undefined, worker: string): RefusalReason | undefined {
    if (attempt === undefined || attempt.worker !== worker) return "unknown";
    if (isLive(attempt)) return undefined;
    const step = this.#step(attempt.step);
    const superseded = step.attempt === attempt.number ? "expired" : "superseded";
    const reason = ended(step.phase) ? "terminal" : superseded;
    this.seen.add(reason);
    return reason;
  }

  start(attempt: RefAttempt): void {
    if (attempt.phase !== "leased") return;
    attempt.phase = "running";
    this.#move(this.#step(attempt.step), "running");
  }

  finish(
    attempt: RefAttempt | undefined,
    worker: string,
    end: { outcome: Outcome; interrupted: boolean; digest: string; now: number },
  ) {
    const refusal = this.refusal(attempt, worker);
    if (attempt === undefined || attempt.worker !== worker) return refusal;
    if (refusal !== undefined) {
      if (attempt.result === undefined) return refusal;
      this.seen.add(attempt.result === end.digest ? "repeated result" : "conflict");
      return attempt.result === end.digest ? undefined : "conflict";
    }
    const step = this.#step(attempt.step);
    attempt.phase = end.outcome;
    attempt.result = end.digest;
    if (end.outcome === "succeeded") this.#end(step, "succeeded");
    else if (this.isCancelled(step.spec)) this.#end(step, "cancelled");
    else if (end.outcome !== "failed") {
      if (end.interrupted && step.spec.onWorkerLost === "fail") this.#end(step, "failed");
      else this.#again(step, 0);
    } else if (step.failed < step.spec.retry.limit) {
      step.failed += 1;
      this.seen.add("retry");
      this.#again(step, end.now + step.spec.retry.delayMs);
    } else this.#end(step, "failed");
    return undefined;
  }

  renew(attempt: RefAttempt, boot: string, now: number): void {
    attempt.leaseUntil = now + this.#ttlMs;
    attempt.boot = boot;
  }

  expire(now: number): RefAttempt[] {
    const due = this.live.filter(({ leaseUntil }) => leaseUntil <= now);
    for (const attempt of due) this.#lose(attempt);
    return due;
  }

  /** What the worker does not hold is lost, or was never there. */
  greet(worker: string, boot: string, held: ReadonlySet<RefAttempt>): void {
    for (const attempt of this.live) {
      if (attempt.worker !== worker || held.has(attempt)) continue;
      if (attempt.phase === "running" || attempt.boot !== boot) this.#lose(attempt);
      else {
        attempt.phase = "returned";
        this.seen.add("never arrived");
        if (this.isCancelled(this.#step(attempt.step).spec)) this.#end(this.#step(attempt.step), "cancelled");
        else this.#again(this.#step(attempt.step), 0);
      }
    }
  }

  cancel(): void {
    if (this.cancelRequested || (this.status !== "queued" && this.status !== "running")) return;
    this.cancelRequested = true;
    this.events++;
    for (const step of this.steps) {
      const { handler } = step.spec;
      const isIdle = step.phase === "ready" || (step.phase === "waiting" && handler === undefined);
      if (handler !== undefined && isIdle) this.seen.add(`cancel before ${handler}`);
      if (isIdle && this.isCancelled(step.spec)) this.#move(step, "cancelled");
    }
    this.#endRun();
  }

  /** Whether a cancel of the run is one of this step. */
  isCancelled({ handler }: StepSpec): boolean {
    return this.cancelRequested && handler !== "onCancel" && handler !== "onExit";
  }

  #lose(attempt: RefAttempt): void {
    attempt.phase = "lost";
    const step = this.#step(attempt.step);
    const isCancelled = this.isCancelled(step.spec);
    this.seen.add(isCancelled ? "lost when cancelled" : `loss ${step.lost + 1}`);
    if (isCancelled) this.#end(step, "cancelled");
    else if (step.spec.onWorkerLost === "fail" || step.lost === 2) this.#end(step, "failed");
    else {
      step.lost += 1;
      this.#again(step, 0);
    }
  }

  #again(step: RefStep, notBefore: number): void {
    step.notBefore = notBefore;
    this.#move(step, "ready");
  }

  #end(step: RefStep, phase: StepPhase): void {
    this.#move(step, phase);
    this.#settle();
    this.#endRun();
  }

  /** Until nothing changes any more: the way of deciding that needs no graph. */
  #settle(): boolean {
    let hasEnded = false;
    for (let changed = true; changed; ) {
      changed = false;
      for (const each of this.steps) {
        if (
          each.phase !== "waiting" ||
          each.spec.handler !== undefined ||
          !each.depends.every((on) => ended(this.#step(on).phase))
        )
          continue;
        const phase = this.#decide(each);
        this.#move(each, phase);
        changed = true;
        hasEnded ||= phase !== "ready";
      }
    }
    return hasEnded;
  }

  #decide(step: RefStep): StepPhase {
    const satisfied = step.depends.every((on) => this.satisfies(on));
    const ancestors = this.#ancestors(step);
    const failed = ancestors.some(({ phase }) => phase === "failed");
    const cancelled = ancestors.some(({ phase }) => phase === "cancelled");
    const condition = this.#conditions.find(({ text }) => text === step.spec.condition);
    const isAsked = satisfied || condition?.rescues === true;
    const isTrue = isAsked && (condition?.isTrue({ satisfied, failed, cancelled }) ?? true);
    const phase = isTrue ? "ready" : satisfied ? "skipped" : "blocked";
    this.seen.add(phase === "ready" && !satisfied ? "rescued" : phase);
    return phase;
  }

  satisfies(index: number): boolean {
    const { phase, spec } = this.#step(index);
    return (
      phase === "succeeded" || phase === "skipped" || (phase === "failed" && spec.continueOnError === true)
    );
  }

  #ancestors(step: RefStep): RefStep[] {
    const parents = step.depends.map((on) => this.#step(on));
    return [...parents, ...parents.flatMap((parent) => this.#ancestors(parent))];
  }

  #endRun(): void {
    const handlers = this.steps.filter(({ spec }) => spec.handler !== undefined);
    if (!this.steps.every((step) => handlers.includes(step) || ended(step.phase))) return;
    const isExit = ({ spec }: RefStep) => spec.handler === "onExit";
    if (this.#outcome === undefined) {
      this.#outcome = this.#outcomeOf(this.steps.filter((step) => !handlers.includes(step)));
      for (const each of handlers) {
        if (isExit(each)) continue;
        const turn = this.cancelRequested ? "cancelled" : this.#outcome;
        const isChosen = each.spec.handler === handlerFor[turn];
        if (isChosen) this.seen.add(handlerFor[turn]);
        this.#move(each, isChosen ? "ready" : "skipped");
      }
    }
    if (!handlers.every((each) => isExit(each) || ended(each.phase))) return;
    if (!this.#hasExitBegun) for (const each of handlers.filter(isExit)) this.#move(each, "ready");
    this.#hasExitBegun = true;
    if (!handlers.every(({ phase }) => ended(phase))) return;
    this.status = this.#outcome;
    this.events++;
    this.seen.add(`run ${this.status}`);
  }

  #outcomeOf(steps: readonly RefStep[]): "succeeded" | "failed" | "cancelled" {
    const phases = new Set(steps.map(({ phase }) => phase));
    const isExcused = ({ phase, spec }: RefStep) => phase === "failed" && spec.continueOnError === true;
    if (steps.some(isExcused)) this.seen.add("excused");
    if (steps.some((step) => step.phase === "failed" && !isExcused(step))) return "failed";
    if (phases.has("cancelled")) return "cancelled";
    return phases.has("blocked") ? "failed" : "succeeded";
  }

  #move(step: RefStep, phase: StepPhase): void {
    if (ended(step.phase)) throw new Error(`the reference moves ${step.spec.id} from ${step.phase} (L3)`);
    step.phase = phase;
    this.events++;
  }

  #step(index: number): RefStep {
    const step = this.steps[index];
    if (step === undefined) throw new Error(`there is no step ${index}`);
    return step;
  }
}

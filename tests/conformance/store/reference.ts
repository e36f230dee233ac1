/** What a store must do, once more, in the simplest way that could be right: no SQL, no batches, one run in memory. */

import type {
  ApprovalDecision,
  Outcome,
  RefusalReason,
  RunStatus,
  StepPhase,
  StepSpec,
} from "@haversack/protocol";
import {
  ended,
  isHuman,
  isLive,
  never,
  newSteps,
  type RefAttempt,
  type RefDeadline,
  type RefRunOptions,
  type RefStep,
} from "./reference-nouns.ts";
import { decided, isExcused, outcomeOf } from "./reference-outcomes.ts";
import { answerTo, dueOf, isEnded } from "./reference-waiting.ts";

const handlerFor = { succeeded: "onSuccess", failed: "onFailure", cancelled: "onCancel" } as const;

export class ReferenceRun {
  readonly steps: readonly RefStep[];
  readonly attempts: RefAttempt[] = [];
  /** What has happened at least once, so that a test can tell that it tried it. */
  readonly seen = new Set<string>();
  status: RunStatus = "queued";
  cancelRequested = false;
  isPaused = false;
  /** The test moves it. */
  now: number;
  dueAt = never;
  /** What has no time any more. */
  readonly #over = { steps: false, handlers: false };
  /** How the steps ended. */
  #outcome: "succeeded" | "failed" | "cancelled" | undefined;
  #hasExitBegun = false;
  /** The first one says that the run was queued. */
  events = 1;
  readonly #options: RefRunOptions;

  constructor(specs: readonly StepSpec[], options: RefRunOptions) {
    this.#options = options;
    this.now = options.now;
    this.steps = newSteps(specs, options.now);
    if (this.#settle()) this.#endRun();
  }

  get live(): RefAttempt[] {
    return this.attempts.filter(isLive);
  }

  claim(index: number, worker: string, boot: string, now: number): number | undefined {
    const step = this.#step(index);
    if (this.isCancelled(step.spec) || step.phase !== "ready" || step.notBefore > now) return undefined;
    if (this.isPaused) {
      this.seen.add("held");
      return undefined;
    }
    this.#begin();
    this.#move(step, "leased");
    step.attempt += 1;
    const lease = { leaseUntil: now + this.#options.ttlMs, phase: "leased", result: undefined } as const;
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
    attempt.leaseUntil = now + this.#options.ttlMs;
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
    if (this.cancelRequested || isEnded(this.status)) return;
    this.cancelRequested = true;
    if (this.isPaused) this.seen.add("cancelled while paused");
    this.isPaused = false;
    this.events++;
    for (const step of this.steps) {
      const { handler } = step.spec;
      const isIdle =
        step.phase === "ready" ||
        step.phase === "suspended" ||
        (step.phase === "waiting" && handler === undefined);
      if (handler !== undefined && isIdle) this.seen.add(`cancel before ${handler}`);
      if (isIdle && this.isCancelled(step.spec)) this.#move(step, "cancelled");
    }
    this.#endRun();
  }

  /** Whether the run wants this step to end: by a cancel, or because its time is over. */
  isCancelled({ handler }: StepSpec): boolean {
    if (handler === undefined) return this.cancelRequested || this.#over.steps;
    return this.#over.handlers || (this.cancelRequested && handler !== "onCancel" && handler !== "onExit");
  }

  /** Whether it changed something; undefined: it is too late for that. */
  pause(): boolean | undefined {
    if (this.isPaused) return false;
    if (this.cancelRequested || isEnded(this.status)) return undefined;
    this.isPaused = true;
    this.events++;
    return true;
  }

  resume(): boolean {
    if (!this.isPaused) return false;
    this.isPaused = false;
    this.events++;
    return true;
  }

  /** Whether it had been given before, or the code of its refusal. */
  answer(index: number, decision: ApprovalDecision): boolean | string {
    const step = this.#step(index);
    const told = answerTo(step, decision, this.now);
    if (told.seen !== undefined) this.seen.add(told.seen);
    if (told.answer !== false) return told.answer;
    step.answer = decision;
    this.seen.add(decision);
    this.#end(step, decision === "approved" ? "succeeded" : "failed");
    return false;
  }

  get due(): RefDeadline[] {
    return isEnded(this.status) ? [] : dueOf(this);
  }

  /** Changes nothing when it is not due any more, or begins anew. */
  serve({ step: index, due }: RefDeadline): void {
    if (!this.due.some((each) => each.step === index && each.due === due)) return;
    if (index === "run") return this.#timeOver();
    const step = this.#step(index);
    const { work } = step.spec;
    if (work.kind !== "human") {
      this.seen.add("queue timeout");
      return this.#end(step, "failed");
    }
    this.seen.add(`silence: ${work.onTimeout}`);
    if (work.onTimeout !== "fail") step.answer = "silence";
    this.#end(step, work.onTimeout === "approve" ? "succeeded" : "failed");
  }

  #timeOver(): void {
    const isOfHandlers = this.#outcome !== undefined;
    this.dueAt = never;
    if (this.cancelRequested && !isOfHandlers) return;
    this.seen.add(isOfHandlers ? "handlers timeout" : "run timeout");
    if (this.isPaused) this.seen.add("timeout while paused");
    this.#over[isOfHandlers ? "handlers" : "steps"] = true;
    this.isPaused = false;
    this.events++;
    for (const step of this.steps) {
      if ((step.spec.handler !== undefined) !== isOfHandlers) continue;
      if (isOfHandlers && step.phase === "waiting") this.#move(step, "skipped");
      else if (["waiting", "ready", "suspended"].includes(step.phase)) this.#move(step, "cancelled");
    }
    this.#hasExitBegun ||= isOfHandlers;
    this.#endRun();
  }

  /** The first step is handed out, or asks. */
  #begin(): void {
    if (this.status !== "queued") return;
    this.status = "running";
    this.dueAt = this.now + (this.#options.timeoutMs ?? never);
    this.events++;
  }

  #ready(step: RefStep, since: number): void {
    step.dueAt = since + (step.spec.queueTimeoutMs ?? never);
    this.#move(step, "ready");
  }

  #ask(step: RefStep): void {
    this.#begin();
    const { work } = step.spec;
    step.dueAt = this.now + ((work.kind === "human" ? work.timeoutMs : undefined) ?? never);
    this.#move(step, "suspended");
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
    this.#ready(step, Math.max(notBefore, this.now));
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
        if (phase === "ready" && isHuman(each.spec)) this.#ask(each);
        else if (phase === "ready") this.#ready(each, this.now);
        else this.#move(each, phase);
        changed = true;
        hasEnded ||= phase !== "ready";
      }
    }
    return hasEnded;
  }

  #decide(step: RefStep): StepPhase {
    const { phase, seen } = decided(step, this.steps, this.#options.conditions);
    this.seen.add(seen);
    return phase;
  }

  #endRun(): void {
    const handlers = this.steps.filter(({ spec }) => spec.handler !== undefined);
    if (!this.steps.every((step) => handlers.includes(step) || ended(step.phase))) return;
    const isExit = ({ spec }: RefStep) => spec.handler === "onExit";
    if (this.#outcome === undefined) {
      const own = this.steps.filter((step) => !handlers.includes(step));
      if (own.some(isExcused)) this.seen.add("excused");
      this.#outcome = outcomeOf(own, this.#over.steps);
      this.dueAt = this.now + (this.#options.timeoutMs ?? never);
      for (const each of handlers) {
        if (isExit(each)) continue;
        const turn = this.cancelRequested ? "cancelled" : this.#outcome;
        const isChosen = each.spec.handler === handlerFor[turn];
        if (isChosen) this.seen.add(handlerFor[turn]);
        if (isChosen) this.#ready(each, this.now);
        else this.#move(each, "skipped");
      }
    }
    if (!handlers.every((each) => isExit(each) || ended(each.phase))) return;
    if (!this.#hasExitBegun) for (const each of handlers.filter(isExit)) this.#ready(each, this.now);
    this.#hasExitBegun = true;
    if (!handlers.every(({ phase }) => ended(phase))) return;
    this.status = this.#outcome;
    this.dueAt = never;
    this.isPaused = false;
    this.events++;
    this.seen.add(`run ${this.status}`);
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

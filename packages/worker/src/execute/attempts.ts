/**
 * The attempts of this worker, from the task to the acknowledged result, and the slots that they take. A slot is free
 * again when the result is sealed; the attempt is held until the coordinator has the result.
 */

import { FaultError, messageOf, type Timer, Wakeup } from "@haversack/base";
import {
  type AttemptRef,
  type Downward,
  type LogAck,
  type Refusal,
  refKey,
  type Task,
  type WorkerOrder,
} from "@haversack/protocol";
import type { AttemptSpool } from "../spool/attempt-spool.ts";
import { reopenSpools } from "../spool/reopen.ts";
import { Attempt, type AttemptParts, idsOf } from "./attempt.ts";
import { StopRequest } from "./executor.ts";
import { Intake } from "./intake.ts";

type Entry =
  | { readonly kind: "running"; readonly attempt: Attempt }
  /** The result waits for its acknowledgement. */
  | { readonly kind: "sealed"; readonly spool: AttemptSpool };

export class Attempts {
  readonly #parts: AttemptParts;
  readonly #intake: Intake;
  readonly #onBroken: (error: unknown) => void;
  readonly #entries = new Map<string, Entry & { readonly ref: AttemptRef }>();
  readonly #changed = new Wakeup();
  #deadline: Timer | undefined;

  /** @param onBroken an attempt could not be kept on the disk: the worker cannot go on */
  constructor(parts: AttemptParts, slots: number, onBroken: (error: unknown) => void) {
    this.#parts = parts;
    this.#intake = new Intake(slots);
    this.#onBroken = onBroken;
  }

  /** Takes over the results of an earlier process of this worker. */
  async reopen(): Promise<void> {
    const { spoolRoot, ports } = this.#parts;
    for (const spool of await reopenSpools(spoolRoot, this.#parts, ports.log))
      this.#entries.set(refKey(spool.ref), { kind: "sealed", spool, ref: spool.ref });
  }

  /** What the worker answers for: running, or with a result that the coordinator does not have. */
  held(): AttemptRef[] {
    return [...this.#entries.values()].map(({ ref }) => ref);
  }

  /** A session begins: credits are counted anew, and what already runs is told again. */
  welcomed(): void {
    this.#intake.begin(this.#running().length);
    queueMicrotask(() => {
      this.#grant();
      for (const attempt of this.#running())
        if (attempt.isRunning) this.#parts.uplink.started(attempt.task.ref);
    });
  }

  take(message: Downward): void {
    switch (message.kind) {
      case "tasks":
        for (const task of message.tasks) this.#begin(task);
        return;
      case "cancels":
        for (const ref of message.refs) this.#find(ref, (attempt) => attempt.cancel());
        return;
      case "logAcks":
        for (const ack of message.acks) this.#acknowledgeLog(ack);
        return;
      case "resultAcks":
        for (const ref of message.refs) this.#finish(ref);
        return;
      case "refusals":
        for (const refusal of message.refusals) this.#refuse(refusal);
        return;
      case "availability":
        this.#obey(message);
        return;
      case "welcome":
      case "heartbeatAck":
      case "goodbye":
      case "baseImage":
      case "imageOrder":
      case "imagePermit":
      case "removeContainers":
      case "deploymentLog":
        throw new FaultError("bug", "misrouted", `${message.kind} is not for attempts`);
    }
  }

  /** The leases cannot be trusted any more: nothing of ours may run when somebody else starts. */
  loseAll(graceMs: number): void {
    for (const attempt of this.#running()) {
      this.#parts.ports.log.warn(idsOf(attempt.task.ref), "lease lost: ending the attempt");
      attempt.disown(graceMs);
    }
  }

  /** Takes nothing new, hands back what has not started. Resolves when nothing runs, or the signal fires. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#intake.stop();
    this.#grant();
    this.#handBack();
    while (this.#running().length > 0 && !signal.aborted) await this.#changed.next(signal).catch(() => {});
  }

  /** Ends what runs; it is handed back. Resolves when no process is left. */
  async endAll(graceMs: number, patience: AbortSignal): Promise<void> {
    this.#intake.stop();
    this.#deadline?.cancel();
    for (const attempt of this.#running()) attempt.stop(new StopRequest("shutdown", graceMs));
    while (this.#running().length > 0) await this.#changed.next(new AbortController().signal);
    // The coordinator learns of it now, if it listens; else from the spool, at the next start.
    while (this.#entries.size > 0 && !patience.aborted) await this.#changed.next(patience).catch(() => {});
    for (const entry of this.#entries.values()) if (entry.kind === "sealed") await entry.spool.close();
  }

  /** What an operator wants of this worker. */
  #obey(order: WorkerOrder): void {
    const { cordoned, draining, endInMs } = order;
    const { clock, log } = this.#parts.ports;
    const running = this.#running().length;
    log.info({ cordoned, draining, endInMs, running }, "told what this worker may take");
    this.#intake.obey(order);
    this.#deadline?.cancel();
    this.#deadline = undefined;
    if (draining) this.#handBack();
    if (draining && endInMs !== undefined) {
      this.#deadline = clock.after(endInMs, () => this.#interrupt());
    }
    this.#intake.settle(running);
    this.#grant();
  }

  /** What has not started; it costs nothing. */
  #handBack(): void {
    for (const attempt of this.#running())
      if (!attempt.isRunning) attempt.stop(new StopRequest("shutdown", 0));
  }

  /** The deadline of a drain: what runs is ended and handed back. */
  #interrupt(): void {
    const running = this.#running();
    if (running.length === 0) return;
    this.#parts.ports.log.warn({ running: running.length }, "the deadline of the drain: ending what runs");
    for (const attempt of running) attempt.stop(new StopRequest("shutdown", interruptGraceMs));
  }

  /** Bytes of logs that wait here. */
  get spoolBytes(): number {
    const spools = [...this.#entries.values()].map((entry) =>
      entry.kind === "running" ? entry.attempt.spool : entry.spool,
    );
    return spools.reduce((sum, spool) => sum + (spool?.bytes ?? 0), 0);
  }

  /** Attempts that run or are about to. */
  get runningCount(): number {
    return this.#running().length;
  }

  #running(): Attempt[] {
    return [...this.#entries.values()].flatMap((entry) => (entry.kind === "running" ? [entry.attempt] : []));
  }

  #find(ref: AttemptRef, act: (attempt: Attempt) => void): void {
    const entry = this.#entries.get(refKey(ref));
    if (entry?.kind === "running") act(entry.attempt);
  }

  #begin(task: Task): void {
    const { ref } = task;
    // The same task twice is the same attempt.
    if (this.#entries.has(refKey(ref))) return;
    this.#intake.took();
    const attempt = new Attempt(task, this.#parts);
    this.#entries.set(refKey(ref), { kind: "running", attempt, ref });
    if (this.#intake.handsBack) attempt.stop(new StopRequest("shutdown", 0));
    this.#see(attempt).catch(this.#onBroken);
  }

  async #see(attempt: Attempt): Promise<void> {
    const { ref } = attempt.task;
    try {
      const spool = await attempt.run();
      if (spool === undefined) this.#entries.delete(refKey(ref));
      else this.#entries.set(refKey(ref), { kind: "sealed", spool, ref });
    } catch (error) {
      this.#entries.delete(refKey(ref));
      const message = `an attempt cannot be kept on this worker's disk: ${messageOf(error)}`;
      throw new FaultError("unavailable", "spool_failed", message, { cause: error });
    } finally {
      this.#intake.settle(this.#running().length);
      if (this.#intake.isOpen) this.#grant();
      this.#changed.ring();
    }
  }

  #grant(): void {
    this.#parts.uplink.send({ kind: "credits", ...this.#intake.credits });
  }

  #acknowledgeLog(ack: LogAck): void {
    const entry = this.#entries.get(refKey(ack.ref));
    const spool = entry?.kind === "running" ? entry.attempt.spool : entry?.spool;
    spool?.acknowledgeLog(ack);
  }

  #finish(ref: AttemptRef): void {
    const entry = this.#entries.get(refKey(ref));
    if (entry?.kind !== "sealed") return;
    this.#entries.delete(refKey(ref));
    this.#drop(entry.spool);
    this.#changed.ring();
  }

  #refuse({ ref, reason }: Refusal): void {
    const entry = this.#entries.get(refKey(ref));
    if (entry === undefined) return;
    this.#parts.ports.log.warn({ ...idsOf(ref), reason }, "the attempt is no longer this worker's");
    if (entry.kind === "running") entry.attempt.disown(refusedGraceMs);
    else this.#finish(ref);
  }

  #drop(spool: AttemptSpool): void {
    spool.drop().catch((error: unknown) => {
      this.#parts.ports.log.warn(
        { folder: spool.folder, error: messageOf(error) },
        "a spool was not removed",
      );
    });
  }
}

const refusedGraceMs = 3000;
/** As for a cancel. */
const interruptGraceMs = 10_000;

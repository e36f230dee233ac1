/** What a simulated worker holds: attempts that run until they are told otherwise, and results that nobody acknowledged yet. */

import {
  type AttemptRef,
  type AttemptResult,
  type Downward,
  type Refusal,
  refKey,
  type Task,
} from "@haversack/protocol";
import type { Uplink } from "../../packages/worker/src/session/uplink.ts";

export interface AttemptEvents {
  task(task: Task): void;
  cancelled(ref: AttemptRef): void;
  finished(count: number): void;
  lost(how: string): void;
}

const slots = 1;

export class Attempts {
  readonly #uplink: Uplink;
  readonly #events: AttemptEvents;
  /** Whether a task runs on; else it succeeds at once. */
  readonly #holds: () => boolean;
  readonly #held = new Map<string, AttemptRef>();
  readonly #results = new Map<string, AttemptResult>();
  #grantedTotal = 0;

  constructor(uplink: Uplink, events: AttemptEvents, holds: () => boolean) {
    this.#uplink = uplink;
    this.#events = events;
    this.#holds = holds;
  }

  get slots(): number {
    return slots;
  }

  held(): AttemptRef[] {
    return [...this.#held.values()];
  }

  /** A session begins: credits are counted anew, and what there is is told again. */
  begin(): void {
    this.#grantedTotal = 0;
    this.#grant(slots - this.#held.size);
    for (const [key, ref] of this.#held) if (!this.#results.has(key)) this.#uplink.started(ref);
    for (const result of this.#results.values()) this.#uplink.result(result);
  }

  take(message: Downward): void {
    if (message.kind === "tasks") for (const task of message.tasks) this.#start(task);
    if (message.kind === "resultAcks") this.#acknowledge(message.refs);
    if (message.kind === "refusals") for (const refusal of message.refusals) this.#refuse(refusal);
    if (message.kind === "cancels") for (const ref of message.refs) this.#cancel(ref);
  }

  release(): void {
    for (const ref of this.held()) this.#end(ref, "succeeded");
  }

  lose(how: string): void {
    for (const ref of this.held()) if (this.#drop(ref)) this.#events.lost(how);
  }

  #start(task: Task): void {
    this.#events.task(task);
    this.#held.set(refKey(task.ref), task.ref);
    this.#uplink.started(task.ref);
    if (!this.#holds()) this.#end(task.ref, "succeeded");
  }

  #acknowledge(refs: readonly AttemptRef[]): void {
    const ended = refs.filter((ref) => this.#drop(ref)).length;
    this.#events.finished(ended);
    this.#grant(ended);
  }

  #refuse({ ref, reason }: Refusal): void {
    if (!this.#drop(ref)) return;
    this.#events.lost(`refused: ${reason}`);
    this.#grant(1);
  }

  #cancel(ref: AttemptRef): void {
    this.#events.cancelled(ref);
    this.#end(ref, "cancelled");
  }

  #end(ref: AttemptRef, outcome: "succeeded" | "cancelled"): void {
    const key = refKey(ref);
    if (!this.#held.has(key) || this.#results.has(key)) return;
    const result: AttemptResult = { ref, outcome, outputs: new Map(), artifacts: [], logs: [] };
    this.#results.set(key, result);
    this.#uplink.result(result);
  }

  #drop(ref: AttemptRef): boolean {
    this.#results.delete(refKey(ref));
    return this.#held.delete(refKey(ref));
  }

  #grant(more: number): void {
    this.#grantedTotal += more;
    this.#uplink.send({ kind: "credits", grantedTotal: this.#grantedTotal });
  }
}

/**
 * How many tasks a worker may be sent, and whether it takes any. A slot that is free is a credit, unless the worker stops or
 * an operator wants it to get nothing new (W1).
 */

import type { WorkerOrder } from "@haversack/protocol";

const open: WorkerOrder = { cordoned: false, draining: false };

export class Intake {
  readonly #slots: number;
  /** Tasks of this session: granted, and come. */
  #grantedTotal = 0;
  #taken = 0;
  #stopping = false;
  #order = open;

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** A session begins, and credits are counted anew. */
  begin(running: number): void {
    this.#taken = 0;
    this.#grantedTotal = 0;
    this.settle(running);
  }

  /** Something ended, or another order came: a slot that nothing runs in is a credit. */
  settle(running: number): void {
    if (!this.isOpen) return;
    this.#grantedTotal = Math.max(this.#grantedTotal, this.#taken + Math.max(0, this.#slots - running));
  }

  took(): void {
    this.#taken += 1;
  }

  /** As the coordinator is told. */
  get credits(): { readonly grantedTotal: number; readonly closed?: true } {
    const grantedTotal = this.#grantedTotal;
    return this.#stopping ? { grantedTotal, closed: true } : { grantedTotal };
  }

  get isOpen(): boolean {
    return !this.#stopping && !this.#order.cordoned;
  }

  /** What has not started goes back. */
  get handsBack(): boolean {
    return this.#stopping || this.#order.draining;
  }

  stop(): void {
    this.#stopping = true;
  }

  obey(order: WorkerOrder): void {
    this.#order = order;
  }
}

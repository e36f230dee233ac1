/**
 * One worker's session, seen from the coordinator: what it was granted, what was sent to it, what waits to be sent.
 * It decides nothing. Messages leave in the order in which they were given.
 */

import type { Clock, Ms } from "@haversack/base";
import type { AttemptRef, ContainerEngine, Downward, Task, WorkerHello } from "@haversack/protocol";
import { batchBytesMax, batchItemsMax, batchPackBytesMax, refKey } from "@haversack/protocol";
import type { StoredOrder } from "../store/verbs/order-verbs.ts";
import { taskBytes } from "./build-task.ts";

/** Messages that wait for a slow reader. More end the session: the worker dials again and nothing is lost. */
const outboxMax = 10_000;
/** As many as the cache of a worker has files. */
const snapshotsHeldMax = 4096;

export class WorkerLink {
  readonly hello: WorkerHello;
  /** Wall clock. */
  readonly connectedAt: Ms;
  /** Digests of the images that it has, and `base` when it has the base image that it should have. */
  imagesReady: ReadonlySet<string> = new Set();
  readonly #snapshotsHeld = new Set<string>();
  readonly #outbox: Downward[] = [];
  readonly #owned = new Set<string>();
  readonly #ended = new AbortController();
  #waiting: PromiseWithResolvers<void> | undefined;
  readonly #clock: Clock;
  #heardAt: Ms;
  #grantedTotal: number;
  #sentTotal = 0;
  #greeted = false;
  #orderNo = 0;
  #cordoned = false;
  #stopping = false;
  #engine: ContainerEngine | undefined;

  constructor(hello: WorkerHello, clock: Clock) {
    this.hello = hello;
    this.connectedAt = clock.now();
    this.#clock = clock;
    this.#heardAt = clock.monotonic();
    this.holds(hello.snapshotsHeld);
    this.#grantedTotal = 0;
    this.#engine = hello.engine;
  }

  /** What runs containers there, as the worker said last; undefined: nothing does. */
  get engine(): ContainerEngine | undefined {
    return this.#engine;
  }

  engineIs(engine: ContainerEngine): void {
    this.#engine = engine;
  }

  /** Fires when the session is over, whoever ended it. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Packs that the worker's cache has, as far as it is known here: the worker's own look-up decides. */
  get snapshotsHeld(): ReadonlySet<string> {
    return this.#snapshotsHeld;
  }

  holds(digests: readonly string[]): void {
    for (const digest of digests) {
      this.#snapshotsHeld.delete(digest);
      this.#snapshotsHeld.add(digest);
    }
    for (const oldest of this.#snapshotsHeld) {
      if (this.#snapshotsHeld.size <= snapshotsHeldMax) return;
      this.#snapshotsHeld.delete(oldest);
    }
  }

  lacks(digests: readonly string[]): void {
    for (const digest of digests) this.#snapshotsHeld.delete(digest);
  }

  /** Tasks that may be sent now: none before the hello is answered. */
  get credits(): number {
    return this.#greeted && !this.#ended.signal.aborted && !this.isClosed
      ? Math.max(0, this.#grantedTotal - this.#sentTotal)
      : 0;
  }

  /** A message came: the process on the other end runs. */
  heard(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  /** A frozen process keeps its connection open; only its silence tells. */
  get silentForMs(): Ms {
    return this.#clock.monotonic() - this.#heardAt;
  }

  /** The store knows the hello: tasks may flow. */
  greeted(): void {
    this.#greeted = true;
  }

  /** @param closed the worker stops: what was granted is void */
  grant(total: number, closed = false): void {
    this.#grantedTotal = Math.max(this.#grantedTotal, total);
    this.#stopping ||= closed;
  }

  /** The worker's process was told to stop. */
  get isStopping(): boolean {
    return this.#stopping;
  }

  /** An operator wants it to get nothing new. */
  get isCordoned(): boolean {
    return this.#cordoned;
  }

  /** It gets nothing new (W1). */
  get isClosed(): boolean {
    return this.#stopping || this.isCordoned;
  }

  /** What an operator wants of it; it is told. An order that is older than the one it follows changes nothing. */
  order(order: StoredOrder | undefined, now: Ms): void {
    if (order === undefined || order.no <= this.#orderNo) return;
    const { no, cordonedAt, draining, drainUntil } = order;
    this.#orderNo = no;
    this.#cordoned = cordonedAt !== undefined;
    const end = drainUntil === undefined ? {} : { endInMs: Math.max(0, drainUntil - now) };
    this.send({ kind: "availability", cordoned: this.isCordoned, draining, ...end });
  }

  /** Attempts that this session was given or greeted with, and that have not ended: what it may write a log for. */
  own(refs: readonly AttemptRef[]): void {
    for (const ref of refs) this.#owned.add(refKey(ref));
  }

  disown(refs: readonly AttemptRef[]): void {
    for (const ref of refs) this.#owned.delete(refKey(ref));
  }

  owns(ref: AttemptRef): boolean {
    return this.#owned.has(refKey(ref));
  }

  sendTasks(tasks: readonly Task[]): void {
    this.own(tasks.map(({ ref }) => ref));
    this.#sentTotal += tasks.length;
    for (const batch of batches(tasks)) this.send({ kind: "tasks", tasks: batch });
  }

  cancel(refs: readonly AttemptRef[]): void {
    if (refs.length > 0) this.send({ kind: "cancels", refs });
  }

  send(message: Downward): void {
    if (this.#ended.signal.aborted) return;
    if (this.#outbox.length >= outboxMax) {
      this.end();
      return;
    }
    this.#outbox.push(message);
    this.#waiting?.resolve();
  }

  /** Says goodbye, then ends once that is on its way. */
  goodbye(reason: string, retryAfterMs: number, final = false): void {
    this.send({ kind: "goodbye", reason, retryAfterMs, final });
    this.end();
  }

  end(): void {
    this.#ended.abort();
    this.#waiting?.resolve();
  }

  /** What is to be written on the stream; ends with the session. */
  async *outgoing(): AsyncIterable<Downward> {
    for (;;) {
      const message = this.#outbox.shift();
      if (message !== undefined) {
        yield message;
      } else if (this.#ended.signal.aborted) {
        return;
      } else {
        this.#waiting = Promise.withResolvers<void>();
        await this.#waiting.promise;
        this.#waiting = undefined;
      }
    }
  }
}

/** Splits tasks so that no message passes its limits; a task of its own that would is never made. */
function batches(tasks: readonly Task[]): Task[][] {
  const all: Task[][] = [];
  let current: Task[] = [];
  let bytes = 0;
  let packBytes = 0;
  for (const task of tasks) {
    const pack = task.work.kind === "agent" ? (task.work.snapshot.gzip?.length ?? 0) : 0;
    const own = taskBytes(task);
    const full =
      current.length >= batchItemsMax || bytes + own > batchBytesMax || packBytes + pack > batchPackBytesMax;
    if (full && current.length > 0) {
      all.push(current);
      current = [];
      bytes = 0;
      packBytes = 0;
    }
    current.push(task);
    bytes += own;
    packBytes += pack;
  }
  if (current.length > 0) all.push(current);
  return all;
}

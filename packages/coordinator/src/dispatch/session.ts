/**
 * The coordinator's end of a worker's session: takes each message in turn, writes it to the store under its fence,
 * answers after the commit. Logs go to a store of their own and are acknowledged on their own, so that a flood of them
 * delays no heartbeat and no result.
 */

import { abortable, FaultError, messageOf, type Ports } from "@haversack/base";
import {
  type AttemptRef,
  type AttemptResult,
  type Downward,
  type LogChunk,
  type Refusal,
  refKey,
  type Upward,
  type UpwardBeside,
  type WorkerHello,
} from "@haversack/protocol";
import { notYours } from "../identity/admission.ts";
import type { LogStore, Store } from "../store/store.ts";
import { comeBackInMs } from "./come-back.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { reportOf } from "./result-report.ts";
import { togetherForMs } from "./together.ts";
import { WorkerLink } from "./worker-link.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

export interface SessionParts {
  readonly store: Store;
  readonly logs: LogStore;
  readonly registry: WorkerRegistry;
  readonly leases: LeaseClock;
  readonly ports: Ports;
  readonly version: string;
  /** Credits or the set of workers changed. */
  readonly ring: () => void;
  /** Who hears of a worker besides its attempts; must not throw. */
  readonly beside?: readonly BesideListener[];
  /** Where other coordinators reach this one; absent, or undefined: nowhere, or there are none. */
  readonly address?: () => string | undefined;
}

/** Hears what a worker says of its images, its engine and its deployments. Never throws, and never waits. */
export interface BesideListener {
  /** The store knows the hello. */
  greeted(link: WorkerLink): void;
  take(message: UpwardBeside, link: WorkerLink): void;
  gone(link: WorkerLink): void;
}

export interface ServedSession extends SessionParts {
  /** The hello with what its worker may say of itself; throws FaultError `denied` for another one's. */
  readonly admit: (hello: WorkerHello) => WorkerHello;
}

/** Serves one stream until either side ends it. */
export async function* serveSession(
  parts: ServedSession,
  incoming: AsyncIterable<Upward>,
  signal: AbortSignal,
): AsyncIterable<Downward> {
  const messages = incoming[Symbol.asyncIterator]();
  const first = await messages.next();
  if (first.done === true) return;
  if (first.value.kind !== "hello") {
    throw new FaultError(
      "invalid",
      "no_hello",
      `the first message of a session is hello, this one is ${first.value.kind}`,
    );
  }
  if (parts.registry.isFull)
    throw new FaultError("busy", "too_many_workers", "too many workers are connected");
  const session = new Session(parts, parts.admit(first.value.hello));
  const onAbort = (): void =>
    session.link.goodbye("the coordinator stops", comeBackInMs(parts.registry.size, parts.ports.random));
  signal.addEventListener("abort", onAbort, { once: true });
  // A signal that fired before has no event left: the coordinator is stopping while a worker dials.
  if (signal.aborted) onAbort();
  const reading = session.read(messages);
  try {
    yield* session.link.outgoing();
    if (session.denied !== undefined) throw session.denied;
  } finally {
    signal.removeEventListener("abort", onAbort);
    session.close();
    // Not awaited: a worker that says nothing would hold up the end of its session.
    void messages.return?.().catch(() => {});
    await reading;
  }
}

type Heartbeat = Extract<Upward, { kind: "heartbeat" }>;

class Session {
  readonly link: WorkerLink;
  /** Why it was ended, if it spoke for another worker. */
  denied: FaultError | undefined;
  readonly #parts: SessionParts;
  /** Starts that were told and are not written yet, by their attempts. */
  readonly #starts = new Map<string, { readonly ref: AttemptRef; readonly at: number }>();
  /** Takes back what the hello wrote down of where the worker is. */
  #leave: (() => Promise<void>) | undefined;

  constructor(parts: SessionParts, hello: WorkerHello) {
    this.#parts = parts;
    this.link = new WorkerLink(hello, parts.ports.clock);
  }

  /** Never rejects: whatever goes wrong ends the session, and the worker dials again. */
  async read(messages: AsyncIterator<Upward>): Promise<void> {
    try {
      await this.#greet();
      for (;;) {
        const next = await abortable(messages.next(), this.link.ended);
        if (next.done === true) return;
        this.link.heard();
        await this.#take(next.value);
      }
    } catch (error) {
      const fields = { worker: this.link.hello.workerId, reason: messageOf(error) };
      if (!this.link.ended.aborted) this.#parts.ports.log.warn(fields, "session ended");
    } finally {
      this.link.end();
    }
  }

  close(): void {
    this.link.end();
    this.#parts.registry.remove(this.link);
    for (const listener of this.#parts.beside ?? []) listener.gone(this.link);
    // Who asks there in vain is told so; nothing else hangs on it.
    this.#leave?.().catch(() => {});
    this.#parts.ring();
  }

  async #greet(): Promise<void> {
    const { store, registry, leases, version, ports } = this.#parts;
    const { hello } = this.link;
    registry.add(this.link);
    const { generation } = store;
    const { ttlMs: leaseTtlMs, heartbeatMs: heartbeatIntervalMs } = leases.times;
    const now = ports.clock.now();
    const url = this.#parts.address?.();
    const place = url === undefined ? {} : { url };
    if (url !== undefined)
      this.#leave = () => store.write.workerLeave({ workerId: hello.workerId, connectedAt: now, url });
    const greeting = { hello, now, leaseUntil: leases.leaseUntil(), ...place };
    const { refusals, cancelled, order } = await store.write.workerGreet(greeting);
    // Renewals of this hello count from now on, so the worker learns of them with the welcome.
    this.link.send({
      kind: "welcome",
      welcome: { generation, coordinatorVersion: version, leaseTtlMs, heartbeatIntervalMs },
    });
    this.link.order(order, now);
    this.link.own(hello.held);
    this.#refuse(refusals.map(told));
    this.link.cancel(cancelled);
    this.link.greeted();
    for (const listener of this.#parts.beside ?? []) listener.greeted(this.link);
    ports.log.info(
      { worker: hello.workerId, name: hello.name, slots: hello.slots, held: hello.held.length },
      "worker connected",
    );
    this.#parts.ring();
  }

  async #take(message: Upward): Promise<void> {
    switch (message.kind) {
      case "hello":
        throw new FaultError("invalid", "second_hello", "a session has one hello");
      case "credits":
        this.link.grant(message.grantedTotal, message.closed);
        this.#parts.ring();
        return;
      case "heartbeat":
        return await this.#beat(message);
      case "started":
        this.#noteStarts(message.refs);
        return;
      case "logs":
        // Not awaited: the log store may be far behind, and heartbeats come on this stream.
        void this.#keepLogs(message.chunks);
        return;
      case "results":
        // Not awaited, nor are starts: the store keeps the order of what is written about one run.
        void this.#finish(message.results);
        return;
      case "images":
      case "imageAnswer":
      case "imagePermit":
      case "deployments":
      case "engine":
        for (const listener of this.#parts.beside ?? []) listener.take(message, this.link);
    }
  }

  /** Those of a large fleet are written together; what else this worker says does not wait for that. */
  async #beat({ seq, held, snapshotsAdded, snapshotsEvicted }: Heartbeat): Promise<void> {
    this.link.holds(snapshotsAdded);
    this.link.lacks(snapshotsEvicted);
    const { registry, leases, ports } = this.#parts;
    const waitMs = togetherForMs(registry.size, leases.times.heartbeatMs);
    if (waitMs === 0) return await this.#renew(seq, held);
    const owned = new Set(held.filter((ref) => this.link.owns(ref)));
    const late = async (): Promise<void> => {
      await registry.heartbeats.turn(ports.clock, waitMs);
      // What has ended meanwhile needs no lease any more.
      const still = held.filter((ref) => !owned.has(ref) || this.link.owns(ref));
      if (!this.link.ended.aborted) await this.#renew(seq, still);
    };
    late().catch((error: unknown) => this.#fail("leases were not renewed", error));
  }

  async #renew(seq: number, held: readonly AttemptRef[]): Promise<void> {
    const { store, leases, ports } = this.#parts;
    const { workerId, bootId } = this.link.hello;
    const now = ports.clock.now();
    const renewal = { workerId, bootId, refs: held, now, leaseUntil: leases.leaseUntil() };
    const { refusals, cancelled, order } = await store.write.leasesRenew(renewal);
    this.link.order(order, now);
    this.#refuse(refusals.map(told));
    this.link.cancel(cancelled);
    this.link.send({ kind: "heartbeatAck", seq });
  }

  /** Logs lie beside the store, so their fence is what this session holds: nobody writes into another's log (A1). */
  async #keepLogs(all: readonly LogChunk[]): Promise<void> {
    const foreign = all.filter(({ ref }) => !this.link.owns(ref));
    this.#refuse(await this.#whose(foreign));
    const chunks = all.filter(({ ref }) => this.link.owns(ref));
    if (chunks.length === 0) return;
    try {
      this.link.send({ kind: "logAcks", acks: await this.#parts.logs.write.logsAppend({ chunks }) });
    } catch (error) {
      this.#fail("logs were not stored", error);
    }
  }

  /** A short step's result often comes in the same turn of the event loop: then both are one write. */
  #noteStarts(refs: readonly AttemptRef[]): void {
    if (this.#starts.size === 0) setImmediate(() => void this.#writeStarts());
    const at = this.#parts.ports.clock.now();
    for (const ref of refs) this.#starts.set(refKey(ref), { ref, at });
  }

  async #writeStarts(): Promise<void> {
    const refs = [...this.#starts.values()].map(({ ref }) => ref);
    this.#starts.clear();
    if (refs.length === 0) return;
    const { store, ports } = this.#parts;
    try {
      const { workerId } = this.link.hello;
      this.#refuse(await store.write.attemptsStart({ refs, workerId, now: ports.clock.now() }));
    } catch (error) {
      this.#fail("starts were not stored", error);
    }
  }

  async #finish(results: readonly AttemptResult[]): Promise<void> {
    const { store, ports } = this.#parts;
    const { workerId } = this.link.hello;
    try {
      const now = ports.clock.now();
      const reports = results.map((result) => {
        const started = this.#starts.get(refKey(result.ref));
        this.#starts.delete(refKey(result.ref));
        return reportOf(result, started?.at);
      });
      const refusals = await store.write.attemptsFinish({ results: reports, workerId, now });
      const refused = new Set(refusals.map(({ ref }) => refKey(ref)));
      for (const { ref, reason } of refusals.filter(({ reason }) => reason === "conflict")) {
        ports.log.error(
          { run: ref.runId, step: ref.stepId, attempt: ref.attempt, worker: workerId, reason },
          "a second, different result came under one fence",
        );
      }
      this.#refuse(refusals);
      const refs = results.map(({ ref }) => ref).filter((ref) => !refused.has(refKey(ref)));
      this.link.disown(refs);
      if (refs.length > 0) this.link.send({ kind: "resultAcks", refs });
    } catch (error) {
      this.#fail("results were not stored", error);
    }
  }

  /** Nothing was acknowledged: the worker sends it again on its next session. */
  #fail(what: string, error: unknown): void {
    this.#parts.ports.log.error({ worker: this.link.hello.workerId, reason: messageOf(error) }, what);
    this.link.goodbye(what, 1000);
  }

  /** Of an attempt that has ended late output comes; to write into the log of another worker's is no accident. */
  async #whose(chunks: readonly LogChunk[]): Promise<Refusal[]> {
    const { workerId } = this.link.hello;
    const refs = [...new Map(chunks.map(({ ref }) => [refKey(ref), ref])).values()];
    const access = (ref: AttemptRef) => this.#parts.store.read.attemptAccess({ ref, workerId });
    const answers = await Promise.all(refs.map(access));
    return refs.map((ref, at) => ({
      ref,
      reason: "unknown",
      ...(answers[at] === "foreign" ? { foreign: true } : {}),
    }));
  }

  #refuse(refusals: readonly Refusal[]): void {
    if (refusals.some(({ foreign }) => foreign)) {
      this.denied = notYours();
      this.link.end();
      return;
    }
    this.link.disown(refusals.map(({ ref }) => ref));
    if (refusals.length > 0) this.link.send({ kind: "refusals", refusals });
  }
}

/** A list of what a worker holds may be behind the times; only what it writes about another's attempt ends its session. */
const told = ({ ref, reason }: Refusal): Refusal => ({ ref, reason });

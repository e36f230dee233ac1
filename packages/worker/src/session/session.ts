/**
 * The life of one stream, from dialling to its end. Each phase owns its resources; `release` frees exactly those.
 *
 *   dialing ──hello sent──▶ greeting ──welcome──▶ serving ──▶ gone
 */

import { FaultError, faultOf, type Ms, messageOf, type Ports, type Timer } from "@haversack/base";
import type {
  AttemptRef,
  CacheChanges,
  Downward,
  DownwardBeside,
  Upward,
  Welcome,
  WorkerHello,
} from "@haversack/protocol";
import type { Connection, Stream } from "./dial.ts";
import { faultOfStatus } from "./dial.ts";
import type { LeaseWatch } from "./lease-watch.ts";
import type { Uplink } from "./uplink.ts";

export type DialOutcome =
  | { readonly kind: "served"; readonly heldForMs: Ms; readonly why: string; readonly retryAfterMs: Ms }
  | { readonly kind: "retry"; readonly why: string; readonly retryAfterMs: Ms }
  /** Dialling again cannot help. */
  | { readonly kind: "hopeless"; readonly error: FaultError };

export interface SessionParts {
  readonly connection: Connection;
  readonly uplink: Uplink;
  readonly leases: LeaseWatch;
  readonly ports: Ports;
  readonly hello: () => WorkerHello;
  readonly held: () => readonly AttemptRef[];
  /** What changed in the cache of packs since the hello, or since it was asked last. */
  readonly cacheChanges: () => CacheChanges;
  /** Everything but the welcome, the heartbeat's acknowledgement and the goodbye, which are the session's own. */
  readonly take: (message: Downward) => void;
  /** What is not about attempts; absent: it is passed over. */
  readonly beside?: (message: DownwardBeside) => void;
  /** How many tasks this session may be sent, counted from its start. */
  readonly welcomed: (welcome: Welcome) => void;
}

type Link =
  | { readonly kind: "dialing" }
  | { readonly kind: "greeting"; readonly stream: Stream; readonly sentAt: Ms }
  | { readonly kind: "serving"; readonly stream: Stream; readonly since: Ms; readonly pulse: Pulse }
  | { readonly kind: "gone" };

/** A coordinator that does not answer the hello is not there. */
const welcomeTimeoutMs = 10_000;

/** Never rejects. */
export async function runSession(parts: SessionParts, signal: AbortSignal): Promise<DialOutcome> {
  return await new Session(parts).run(signal);
}

class Session {
  readonly #parts: SessionParts;
  #link: Link = { kind: "dialing" };
  #goodbye: Extract<Downward, { kind: "goodbye" }> | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async run(signal: AbortSignal): Promise<DialOutcome> {
    const { clock } = this.#parts.ports;
    const stream = this.#parts.connection.session();
    const onAbort = (): void => stream.close();
    signal.addEventListener("abort", onAbort, { once: true });
    const timer = clock.after(welcomeTimeoutMs, () => this.#link.kind === "greeting" && stream.close());
    try {
      this.#link = { kind: "greeting", stream, sentAt: this.#parts.leases.now() };
      stream.send({ kind: "hello", hello: this.#parts.hello() });
      for await (const message of stream.messages) this.#take(message);
      return this.#outcome(undefined);
    } catch (error) {
      return this.#outcome(faultOfStatus(error));
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      this.#release();
      stream.close();
    }
  }

  #take(message: Downward): void {
    switch (message.kind) {
      case "welcome":
        this.#serve(message.welcome);
        return;
      case "heartbeatAck":
        this.#parts.leases.acknowledged(message.seq);
        return;
      case "goodbye":
        this.#goodbye = message;
        return;
      case "availability":
      case "tasks":
      case "cancels":
      case "logAcks":
      case "resultAcks":
      case "refusals":
        this.#parts.take(message);
        return;
      case "baseImage":
      case "imageOrder":
      case "imagePermit":
      case "removeContainers":
      case "deploymentLog":
        this.#parts.beside?.(message);
    }
  }

  #serve(welcome: Welcome): void {
    if (this.#link.kind !== "greeting") return;
    const { stream, sentAt } = this.#link;
    const { leases, uplink, ports } = this.#parts;
    leases.welcomed(sentAt, welcome.leaseTtlMs);
    const beat = (): void => {
      const { held, cacheChanges } = this.#parts;
      stream.send({ kind: "heartbeat", seq: leases.next(), held: held(), ...cacheChanges() });
    };
    const pulse = new Pulse(ports, welcome.heartbeatIntervalMs, beat);
    this.#link = { kind: "serving", stream, since: ports.clock.monotonic(), pulse };
    pulse.start();
    this.#parts.welcomed(welcome);
    uplink.up((message: Upward) => void stream.send(message));
  }

  /** Frees exactly what the phase owns. */
  #release(): void {
    const link = this.#link;
    this.#link = { kind: "gone" };
    switch (link.kind) {
      case "dialing":
      case "gone":
        return;
      case "greeting":
        link.stream.close();
        return;
      case "serving":
        this.#parts.uplink.down();
        link.pulse.stop();
        link.stream.close();
        return;
      default:
        link satisfies never;
    }
  }

  #outcome(error: FaultError | undefined): DialOutcome {
    const why =
      this.#goodbye?.reason ?? (error === undefined ? "the coordinator ended the session" : messageOf(error));
    if (error !== undefined && faultOf(error) === "denied") return { kind: "hopeless", error };
    if (this.#goodbye?.final === true) {
      return { kind: "hopeless", error: new FaultError("conflict", "replaced", why) };
    }
    const retryAfterMs = this.#goodbye?.retryAfterMs ?? 0;
    if (this.#link.kind !== "serving") return { kind: "retry", why, retryAfterMs };
    const heldForMs = this.#parts.ports.clock.monotonic() - this.#link.since;
    return { kind: "served", heldForMs, why, retryAfterMs };
  }
}

/** Heartbeats, a fifth early or late, so that a fleet does not beat as one. */
class Pulse {
  readonly #ports: Ports;
  readonly #intervalMs: Ms;
  readonly #beat: () => void;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(ports: Ports, intervalMs: Ms, beat: () => void) {
    this.#ports = ports;
    this.#intervalMs = intervalMs;
    this.#beat = beat;
  }

  start(): void {
    if (this.#stopped) return;
    const waitMs = this.#intervalMs * (0.8 + 0.4 * this.#ports.random.fraction());
    this.#timer = this.#ports.clock.after(waitMs, () => {
      this.#beat();
      this.start();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}

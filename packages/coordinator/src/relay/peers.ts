/**
 * Connections to other coordinators: one to each, made when it is first needed. They carry the tokens of callers, so a
 * peer proves itself by a certificate that the system knows or that the cluster's own authority made, or is on this machine.
 */

import { getCACertificates } from "node:tls";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { type Clock, FaultError, type Ms, readIfThere } from "@haversack/base";
import { apiMessageBytesMax, tlsAdvice } from "@haversack/protocol";
import { mayCarryToken } from "./address.ts";

export interface PeersParts {
  /** Certificate of the cluster's own authority, where there is one. */
  readonly caFile: string;
  readonly clock: Clock;
  /** Fires when the coordinator stops: connections end. */
  readonly stopping: AbortSignal;
}

interface Peer {
  readonly session: Http2SessionManager;
  readonly transport: Transport;
}

/** Beyond these, connections without calls are let go. */
const peersMax = 64;
const connectWithinMs: Ms = 3000;
const pings = { pingIntervalMs: 10_000, pingTimeoutMs: 5_000, idleConnectionTimeoutMs: 60_000 };

export class Peers {
  readonly #parts: PeersParts;
  readonly #known = new Map<string, Promise<Peer>>();

  constructor(parts: PeersParts) {
    this.#parts = parts;
    const end = (): void => {
      for (const opening of this.#known.values()) void opening.then(({ session }) => session.abort());
    };
    parts.stopping.addEventListener("abort", end, { once: true });
  }

  /** Resolves when it is connected. Rejects with FaultError `unavailable`, which says why. */
  async reach(url: string): Promise<Transport> {
    if (this.#parts.stopping.aborted) throw away("this coordinator is stopping");
    if (!mayCarryToken(new URL(url))) throw away("its address is no https, and no token goes there");
    const opening = this.#known.get(url) ?? this.#open(url);
    const { session, transport } = await opening;
    const state = await this.#inTime(session.connect());
    if (state !== "error" && state !== "late") return transport;
    if (this.#known.get(url) === opening) this.#known.delete(url);
    if (state === "late") session.abort();
    const error = session.error();
    throw away(
      state === "late" ? "no answer within 3 s" : (tlsAdvice(error) ?? ConnectError.from(error).rawMessage),
    );
  }

  #open(url: string): Promise<Peer> {
    if (this.#known.size >= peersMax) void this.#letGo();
    const opening = this.#connection(url);
    this.#known.set(url, opening);
    opening.catch(() => this.#known.delete(url));
    return opening;
  }

  async #connection(url: string): Promise<Peer> {
    const own = url.startsWith("https:") ? await readIfThere(this.#parts.caFile) : undefined;
    const trust = own === undefined ? {} : { ca: [...getCACertificates(), own.toString("utf8")] };
    const session = new Http2SessionManager(url, pings, trust);
    const transport = createGrpcTransport({
      baseUrl: url,
      sessionManager: session,
      readMaxBytes: apiMessageBytesMax,
      writeMaxBytes: apiMessageBytesMax,
      acceptCompression: [],
    });
    return { session, transport };
  }

  async #letGo(): Promise<void> {
    for (const [url, opening] of this.#known) {
      const { session } = await opening;
      if (["open", "connecting", "verifying"].includes(session.state())) continue;
      this.#known.delete(url);
      session.abort();
    }
  }

  async #inTime<T>(work: Promise<T>): Promise<T | "late"> {
    const late = Promise.withResolvers<"late">();
    const timer = this.#parts.clock.after(connectWithinMs, () => late.resolve("late"));
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      timer.cancel();
    }
  }
}

const away = (why: string): FaultError => new FaultError("unavailable", "coordinator_away", why);

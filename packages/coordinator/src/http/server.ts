/**
 * One port for everything: the first three bytes of a connection tell HTTP/2 (`PRI`, for gRPC) from HTTP/1.1 (for curl
 * and browsers), and it is handed to the server for it. Both have the same handler.
 */

import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import type { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  type Clock,
  FaultError,
  messageOf,
  type Service,
  type StopMode,
  systemCodeOf,
} from "@haversack/base";
import { headerBytesMax, http2Options, watchSession } from "./http2-session.ts";
import { letGo } from "./let-go.ts";
import { Newcomers } from "./newcomers.ts";
import type { TlsDoor } from "./tls.ts";

export type Handler = ReturnType<typeof connectNodeAdapter>;

export interface Address {
  readonly host: string;
  /** 0: chosen by the system. */
  readonly port: number;
}

/** Connections at once, over all addresses. */
const connectionsMax = 6000;
/** As many bytes as tell the two protocols apart. */
const headBytes = 3;
const firstBytesTimeoutMs = 15_000;

export interface ServerExtras {
  /** The same as the handler's, which tells it who proved who they are. */
  readonly newcomers?: Newcomers;
  /** Absent: plain text. */
  readonly tls?: TlsDoor;
  /** Ends the waiting of a stop. */
  readonly hurry?: AbortSignal;
}

export class HttpServer implements Service {
  readonly name = "http-server";
  readonly #address: Address;
  readonly #clock: Clock;
  readonly #door: net.Server;
  readonly #newcomers: Newcomers;
  readonly #http1: http.Server;
  readonly #http2: http2.Http2Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  readonly #hurry: AbortSignal;
  readonly #scheme: "http" | "https";

  constructor(address: Address, handler: Handler, clock: Clock, more: ServerExtras = {}) {
    const { tls } = more;
    this.#scheme = tls === undefined ? "http" : "https";
    this.#address = address;
    this.#newcomers = more.newcomers ?? new Newcomers();
    this.#clock = clock;
    this.#hurry = more.hurry ?? new AbortController().signal;
    this.#http1 = http.createServer(
      { headersTimeout: 5000, requestTimeout: 10_000, maxHeaderSize: headerBytesMax },
      handler,
    );
    // It listens to nothing itself, and without this it would know none of its connections: no time limit on requests would hold.
    this.#http1.emit("listening");
    this.#http2 = http2.createServer(http2Options, handler);
    this.#http2.on("session", (session) => {
      watchSession(session, clock);
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
    });
    this.#http2.on("sessionError", () => {});
    this.#door = tls === undefined ? net.createServer({ noDelay: true }) : tls.open();
    this.#door.on("connection", (socket: net.Socket) => this.#keep(socket));
    this.#door.on(tls === undefined ? "connection" : "secureConnection", (socket: net.Socket) =>
      this.#sort(socket),
    );
    this.#door.maxConnections = connectionsMax;
  }

  /** Once started. */
  get port(): number {
    const address = this.#door.address();
    return address !== null && typeof address === "object" ? address.port : this.#address.port;
  }

  /** Once started. */
  get url(): string {
    const { port } = this;
    const host = net.isIPv6(this.#address.host) ? `[${this.#address.host}]` : this.#address.host;
    return `${this.#scheme}://${host}:${port}`;
  }

  async start(): Promise<void> {
    const { host, port } = this.#address;
    const listening = Promise.withResolvers<void>();
    this.#door.once("error", listening.reject);
    this.#door.listen({ host, port }, () => listening.resolve());
    try {
      await listening.promise;
    } catch (error) {
      throw listenError(error, `${host}:${port}`);
    }
    // A connection that could not be accepted, such as for want of file descriptors, is not the end of the others.
    this.#door.on("error", () => {});
  }

  /** `drain`: no new connections, no new calls; those under way may end, for some seconds. */
  async stop(mode: StopMode = "now"): Promise<void> {
    if (!this.#door.listening) return;
    const closed = new Promise<void>((resolve) => this.#door.close(() => resolve()));
    if (mode === "drain") {
      this.#http1.closeIdleConnections();
      await letGo(this.#sessions, closed, this.#clock, this.#hurry);
    }
    this.#http1.closeAllConnections();
    this.#http1.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Until its end, also while it shakes hands. */
  #keep(socket: net.Socket): void {
    if (!this.#newcomers.admit(socket)) {
      socket.resetAndDestroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  }

  #sort(socket: net.Socket): void {
    if (socket.destroyed) return;
    socket.on("error", () => socket.destroy());
    const timer = this.#clock.after(firstBytesTimeoutMs, () => socket.destroy());
    socket.once("close", () => timer.cancel());
    const give = (): void => {
      // Null while fewer have come; at the end of the stream, what there is.
      const head = socket.read(headBytes) as Buffer | null;
      if (head === null) return;
      socket.off("readable", give);
      socket.off("end", drop);
      timer.cancel();
      socket.unshift(head);
      const server = head.toString("latin1") === "PRI" ? this.#http2 : this.#http1;
      server.emit("connection", socket);
    };
    const drop = (): void => void socket.destroy();
    socket.on("readable", give);
    socket.once("end", drop);
  }
}

function listenError(error: unknown, address: string): FaultError {
  const advice: Record<string, string> = {
    EADDRINUSE:
      "another program listens there; stop it, or choose another port with --listen HOST:PORT (port 0: any free one)",
    EACCES: "this user may not listen there; choose a port above 1023 with --listen HOST:PORT",
    EADDRNOTAVAIL: "this machine has no such address; use 127.0.0.1",
  };
  const reason = advice[systemCodeOf(error) ?? ""] ?? messageOf(error);
  return new FaultError("unavailable", "cannot_listen", `cannot listen on ${address}: ${reason}`, {
    cause: error,
  });
}

/**
 * A link between two processes that can be cut, made a black hole or slowed down. Bytes are never lost or changed: a
 * hole holds them back, as TCP does with what was not acknowledged, and gives them when the link is back.
 */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type LinkState =
  | { readonly kind: "open" }
  /** Connections are reset, new ones too. */
  | { readonly kind: "cut" }
  /** Nothing comes through, in one direction or both; nobody is told. */
  | { readonly kind: "hole"; readonly direction: "up" | "down" | "both" }
  /** Everything comes later, and in smaller pieces. */
  | { readonly kind: "slow"; readonly delayMs: () => number };

/** What the link did to those who use it. */
export interface LinkCounts {
  resets: number;
  /** Pieces that were held back or delayed. */
  held: number;
}

const slowPieceBytes = 1200;

export class TcpProxy implements AsyncDisposable {
  readonly counts: LinkCounts = { resets: 0, held: 0 };
  readonly #target: () => number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: LinkState = { kind: "open" };
  #changed = Promise.withResolvers<void>();

  /** @param target the port on loopback that connections go to; asked for each */
  private constructor(target: () => number) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#link(client));
  }

  static async listen(target: () => number, host = "127.0.0.1"): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, host);
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  set state(state: LinkState) {
    this.#state = state;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    if (state.kind === "cut") for (const socket of this.#sockets) this.#reset(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.state = { kind: "open" };
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close").catch(() => {});
  }

  #reset(socket: Socket): void {
    this.counts.resets += 1;
    socket.resetAndDestroy();
  }

  #link(client: Socket): void {
    const upstream = connect({ host: "127.0.0.1", port: this.#target(), allowHalfOpen: true, noDelay: true });
    const pair = [client, upstream] as const;
    for (const socket of pair) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        for (const other of pair) other.destroy();
      });
    }
    if (this.#state.kind === "cut") return this.#reset(client);
    void this.#carry(client, upstream, "up");
    void this.#carry(upstream, client, "down");
  }

  /** The end of a stream passes the same gate as its bytes. */
  async #carry(from: Socket, to: Socket, direction: "up" | "down"): Promise<void> {
    try {
      // Its end is not the end of the other direction.
      const arriving = from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      for await (const data of arriving) {
        await this.#gate(direction);
        for (const piece of this.#pieces(data)) if (!to.write(piece)) await once(to, "drain");
      }
      await this.#gate(direction);
      to.end();
    } catch {
      // One end is gone; `close` takes the other one along.
      from.destroy();
    }
  }

  #pieces(data: Buffer): readonly Buffer[] {
    if (this.#state.kind !== "slow") return [data];
    const pieces: Buffer[] = [];
    for (let at = 0; at < data.length; at += slowPieceBytes)
      pieces.push(data.subarray(at, at + slowPieceBytes));
    return pieces;
  }

  async #gate(direction: "up" | "down"): Promise<void> {
    const state = this.#state;
    if (state.kind === "slow") {
      this.counts.held += 1;
      await sleep(state.delayMs());
    }
    while (this.#isHole(direction)) {
      this.counts.held += 1;
      await this.#changed.promise;
    }
  }

  #isHole(direction: "up" | "down"): boolean {
    return (
      this.#state.kind === "hole" && (this.#state.direction === "both" || this.#state.direction === direction)
    );
  }
}

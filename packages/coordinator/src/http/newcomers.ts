/**
 * Connections that have not shown a valid credential yet. Anybody may make them, so there are few: beyond that, new ones
 * are closed at once, and those who proved who they are do not notice.
 */

import type { Socket } from "node:net";
import { isLoopbackPeer } from "@haversack/base";

const perAddressMax = 32;
const allMax = 512;

export class Newcomers {
  readonly #sockets = new Map<string, Socket>();
  readonly #perAddress = new Map<string, number>();

  /** False: there are too many, and the connection must not be served. */
  admit(socket: Socket): boolean {
    const address = socket.remoteAddress ?? "";
    const ofAddress = this.#perAddress.get(address) ?? 0;
    // Whoever is on this host can do worse than open connections.
    const isOne = isLoopbackPeer(address) || ofAddress < perAddressMax;
    if (this.#sockets.size >= allMax || !isOne) return false;
    this.#sockets.set(nameOf(socket), socket);
    this.#perAddress.set(address, ofAddress + 1);
    const name = nameOf(socket);
    socket.once("close", () => this.#forget(name, address));
    return true;
  }

  /** A request on this connection, or on one that stands for it, had a valid credential. */
  proved(socket: Pick<Socket, "remoteAddress" | "remotePort">): void {
    this.#forget(nameOf(socket), socket.remoteAddress ?? "");
  }

  get size(): number {
    return this.#sockets.size;
  }

  #forget(name: string, address: string): void {
    if (!this.#sockets.delete(name)) return;
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }
}

/** HTTP/2 hands out stand-ins of the socket: what names the connection is its other end. */
const nameOf = ({ remoteAddress, remotePort }: Pick<Socket, "remoteAddress" | "remotePort">): string =>
  `${remoteAddress} ${remotePort}`;

/** Addresses of this host that nobody outside of it reaches. */

import { isIP } from "node:net";

/** @param host a name or an address, without port and brackets */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** @param address as a socket tells it, such as `127.0.0.1`, `::1` or `::ffff:127.0.0.1` */
export const isLoopbackPeer = (address: string): boolean =>
  isLoopback(address.replace(/^::ffff:(?=127\.)/, ""));

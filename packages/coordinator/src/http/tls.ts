/**
 * The TLS of a listener: HTTP/2 and HTTP/1.1 by ALPN, the key and certificate of the moment, and beside them those of
 * the cluster's own authority, under the name by which workers join. With `clients` nobody comes in without a
 * certificate of that authority: a stranger is closed in the handshake, before HTTP/2.
 */

import * as tls from "node:tls";
import { joinServerName } from "@haversack/protocol";
import type { TlsKeys } from "../identity/tls-keys.ts";

export interface TlsDoor {
  open(): tls.Server;
}

export interface TlsParts {
  readonly keys: TlsKeys;
  /** Of the cluster's authority, for {@link joinServerName}. */
  readonly joinKeys?: TlsKeys;
  /** PEM of the authority whose certificates clients must have; absent: they need none. */
  readonly clients?: string;
}

const handshakeTimeoutMs = 10_000;

export function tlsDoor({ keys, joinKeys, clients }: TlsParts): TlsDoor {
  return {
    open() {
      const asked = clients === undefined ? {} : { ca: clients, requestCert: true, rejectUnauthorized: true };
      const contextOf = (from: TlsKeys) => ({ ...from.current, ...asked, minVersion }) as const;
      const server = tls.createServer({
        ...contextOf(keys),
        noDelay: true,
        handshakeTimeout: handshakeTimeoutMs,
        ALPNProtocols: clients === undefined ? ["h2", "http/1.1"] : ["h2"],
      });
      // Whoever cannot shake hands is closed: nothing to tell, nothing to do.
      server.on("tlsClientError", (_, socket) => void socket.destroy());
      keys.onChange(() => server.setSecureContext(contextOf(keys)));
      if (joinKeys !== undefined) {
        const add = (): void => server.addContext(joinServerName, contextOf(joinKeys));
        add();
        joinKeys.onChange(add);
      }
      return server;
    },
  };
}

const minVersion = "TLSv1.2";

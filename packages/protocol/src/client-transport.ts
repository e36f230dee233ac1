/** The connection of a client: gRPC, a token with every call. */

import type { Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { apiMessageBytesMax } from "./limits.ts";

export interface ClientOptions {
  /** Such as `http://127.0.0.1:7420`. */
  readonly url: string;
  readonly token: string;
  /** PEM of the authority of the coordinator's certificate; absent: those that the system knows. */
  readonly ca?: string;
  /** The name that its certificate must have; absent: that of the address. */
  readonly serverName?: string;
}

export const transportTo = ({ url, token, ...tls }: ClientOptions): Transport =>
  createGrpcTransport({
    baseUrl: url,
    interceptors: [bearer(token)],
    readMaxBytes: apiMessageBytesMax,
    writeMaxBytes: apiMessageBytesMax,
    acceptCompression: [],
    nodeOptions: tlsOptions(tls),
    pingIntervalMs: 10_000,
    pingTimeoutMs: 5_000,
  });

const tlsOptions = ({ ca, serverName }: Pick<ClientOptions, "ca" | "serverName">) => ({
  ...(ca === undefined ? {} : { ca }),
  ...(serverName === undefined ? {} : { servername: serverName }),
});

const bearer =
  (token: string): Interceptor =>
  (next) =>
  (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };

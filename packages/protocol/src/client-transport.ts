/** The connection of a client: gRPC, a token with every call. */

import type { Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { apiMessageBytesMax } from "./limits.ts";

export interface ClientOptions {
  /** Such as `http://127.0.0.1:7420`. */
  readonly url: string;
  readonly token: string;
}

export const transportTo = ({ url, token }: ClientOptions): Transport =>
  createGrpcTransport({
    baseUrl: url,
    interceptors: [bearer(token)],
    readMaxBytes: apiMessageBytesMax,
    writeMaxBytes: apiMessageBytesMax,
    acceptCompression: [],
    pingIntervalMs: 10_000,
    pingTimeoutMs: 5_000,
  });

const bearer =
  (token: string): Interceptor =>
  (next) =>
  (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };

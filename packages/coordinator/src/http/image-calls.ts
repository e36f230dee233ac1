/**
 * Plain HTTP about images calls the same methods as everybody else, in this process: who may call, what is counted and
 * what is written down is decided in one place.
 */

import {
  type Client,
  type ConnectRouter,
  type ConnectRouterOptions,
  createClient,
  createConnectRouter,
  createContextValues,
  type Interceptor,
} from "@connectrpc/connect";
import { createUniversalHandlerClient, type UniversalHandler } from "@connectrpc/connect/protocol";
import { createTransport } from "@connectrpc/connect/protocol-connect";
import { ImageService, messageBytesMax } from "@haversack/protocol";
import { type Peer, peerKey } from "../auth/caller.ts";
import { handlerWith } from "../auth/handler-with.ts";

export type ImageClient = Client<typeof ImageService>;

/** A client that calls as whoever is at the other end of a connection. */
export type ImageCalls = (peer: Peer) => ImageClient;

export interface CallParts {
  readonly routes: (router: ConnectRouter) => void;
  readonly interceptors: Interceptor[];
}

export function imageCalls({ routes, interceptors }: CallParts): ImageCalls {
  const options: ConnectRouterOptions = { interceptors, grpc: false, grpcWeb: false, connect: true };
  const router = createConnectRouter(options);
  routes(router);
  const handlers = router.handlers.filter(({ service }) => service.typeName === ImageService.typeName);
  return (peer) => {
    const httpClient = createUniversalHandlerClient(handlers.map((handler) => from(peer, handler)));
    return createClient(
      ImageService,
      createTransport({
        httpClient,
        baseUrl: "https://in-process",
        useBinaryFormat: true,
        interceptors: [],
        acceptCompression: [],
        sendCompression: null,
        compressMinBytes: Number.MAX_SAFE_INTEGER,
        readMaxBytes: messageBytesMax,
        writeMaxBytes: messageBytesMax,
      }),
    );
  };
}

const from = (peer: Peer, handler: UniversalHandler): UniversalHandler =>
  handlerWith(handler, (request) =>
    handler({ ...request, contextValues: createContextValues().set(peerKey, peer) }),
  );

/** The calls by which a worker joins and renews. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import type { Ms } from "@haversack/base";
import { EnrollmentService, grpcMethods } from "@haversack/protocol";
import type { Channel } from "./access.ts";
import { faultOfStatus } from "./status.ts";

const methods = grpcMethods(EnrollmentService);

export interface Asked {
  readonly channel: Channel;
  readonly metadata: grpc.Metadata;
  readonly signal: AbortSignal;
  /** Wall clock. */
  readonly deadline: Ms;
}

export const join = (asked: Asked, request: MessageInitShape<typeof EnrollmentService.method.join.input>) =>
  call(asked, methods.join, create(EnrollmentService.method.join.input, request));

export const renew = (asked: Asked, csr: Uint8Array) =>
  call(asked, methods.renew, create(EnrollmentService.method.renew.input, { csr }));

export const rejoin = (asked: Asked, csr: Uint8Array) =>
  call(asked, methods.rejoin, create(EnrollmentService.method.rejoin.input, { csr }));

/** On a connection of its own. Rejects with FaultError. */
async function call<I, O>(
  { channel, metadata, signal, deadline }: Asked,
  method: grpc.MethodDefinition<I, O>,
  request: I,
): Promise<O> {
  const client = new grpc.Client(channel.target, channel.credentials, channel.options);
  const answer = Promise.withResolvers<O>();
  const under = client.makeUnaryRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    metadata,
    { deadline },
    (error, value) =>
      error === null && value !== undefined ? answer.resolve(value) : answer.reject(faultOfStatus(error)),
  );
  const onAbort = (): void => under.cancel();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await answer.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    client.close();
  }
}

/** Submissions by a plain gRPC client: what it costs to ask is the coordinator's, as far as that can be. */

import { create, type JsonObject } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { grpcMethods, RunService } from "@haversack/protocol";

interface Asked {
  readonly dag: string;
  readonly params?: JsonObject;
  readonly idempotencyKey?: string;
}

export interface Submissions {
  /** Resolves when the run is stored. */
  submit(asked: Asked): Promise<void>;
  /** Resolves when the cancel is stored. */
  cancel(runId: string): Promise<void>;
  close(): void;
}

export function submissionsTo(url: URL, token: string): Submissions {
  const client = new grpc.Client(url.host, grpc.credentials.createInsecure());
  const methods = grpcMethods(RunService);
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  async function ask<I, O>(method: grpc.MethodDefinition<I, O>, request: I): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = method;
    const answered = Promise.withResolvers<void>();
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error) => {
      if (error === null) answered.resolve();
      else answered.reject(error);
    });
    await answered.promise;
  }
  return {
    async submit(asked) {
      const fields = { ...asked, fileName: "bench.yaml", withoutSteps: true };
      await ask(methods.submit, create(RunService.method.submit.input, fields));
    },
    cancel: (runId) => ask(methods.cancel, create(RunService.method.cancel.input, { runId })),
    close: () => client.close(),
  };
}

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
  close(): void;
}

export function submissionsTo(url: URL, token: string): Submissions {
  const client = new grpc.Client(url.host, grpc.credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = grpcMethods(RunService).submit;
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return {
    async submit(asked) {
      const fields = { ...asked, fileName: "bench.yaml", withoutSteps: true };
      const request = create(RunService.method.submit.input, fields);
      const answered = Promise.withResolvers<void>();
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error) => {
        if (error === null) answered.resolve();
        else answered.reject(error);
      });
      await answered.promise;
    },
    close: () => client.close(),
  };
}

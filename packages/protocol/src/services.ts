/** The services of the contract, and their form for a stock gRPC client. */

import {
  type DescMessage,
  type DescService,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";

export { AccessService } from "./gen/haversack/v1/access_service_pb.ts";
export { DagService } from "./gen/haversack/v1/dag_service_pb.ts";
export { DeploymentService } from "./gen/haversack/v1/deployment_service_pb.ts";
export { EnrollmentService } from "./gen/haversack/v1/enrollment_service_pb.ts";
export { FleetService } from "./gen/haversack/v1/fleet_service_pb.ts";
export { ImageService } from "./gen/haversack/v1/image_service_pb.ts";
export { MemoryService, ReviewDecision } from "./gen/haversack/v1/memory_service_pb.ts";
export { PlacementService } from "./gen/haversack/v1/placement_service_pb.ts";
export { RunService } from "./gen/haversack/v1/run_service_pb.ts";
export { ScheduleService } from "./gen/haversack/v1/schedule_service_pb.ts";
export { SecretService } from "./gen/haversack/v1/secret_service_pb.ts";
export { SnapshotService } from "./gen/haversack/v1/snapshot_service_pb.ts";
export { WorkerService } from "./gen/haversack/v1/worker_service_pb.ts";
export { Health, HealthCheckResponse_ServingStatus } from "./gen/health/v1/health_pb.ts";
export { ServerReflection } from "./gen/reflection/v1/reflection_pb.ts";

type Methods<S extends DescService> = S["method"];

/** The grpc-js definition of each method, by the name that protobuf-es gives it. */
export type GrpcMethods<S extends DescService> = {
  readonly [K in keyof Methods<S>]: MethodDefinition<
    MessageShape<Methods<S>[K]["input"]>,
    MessageShape<Methods<S>[K]["output"]>
  >;
};

export function grpcMethods<S extends DescService>(service: S): GrpcMethods<S> {
  return Object.fromEntries(
    service.methods.map((method) => [
      method.localName,
      {
        path: `/${service.typeName}/${method.name}`,
        requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
        responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
        ...codec("request", method.input),
        ...codec("response", method.output),
      },
    ]),
  ) as GrpcMethods<S>;
}

function codec<D extends DescMessage>(side: "request" | "response", schema: D) {
  return {
    [`${side}Serialize`]: (message: MessageShape<D>) => Buffer.from(toBinary(schema, message)),
    [`${side}Deserialize`]: (bytes: Buffer) => fromBinary(schema, bytes),
  };
}

export { AttemptResultSchema } from "./gen/haversack/v1/attempt_pb.ts";

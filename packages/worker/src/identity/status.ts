/** gRPC errors as faults. */

import * as grpc from "@grpc/grpc-js";
import { type Fault, FaultError } from "@haversack/base";

const faultOfCode: ReadonlyMap<number, Fault> = new Map<number, Fault>([
  [grpc.status.INVALID_ARGUMENT, "invalid"],
  [grpc.status.NOT_FOUND, "missing"],
  [grpc.status.ALREADY_EXISTS, "conflict"],
  [grpc.status.FAILED_PRECONDITION, "fenced"],
  [grpc.status.PERMISSION_DENIED, "denied"],
  [grpc.status.UNAUTHENTICATED, "denied"],
  [grpc.status.RESOURCE_EXHAUSTED, "busy"],
  [grpc.status.UNAVAILABLE, "unavailable"],
  [grpc.status.DEADLINE_EXCEEDED, "unavailable"],
  [grpc.status.CANCELLED, "cancelled"],
  [grpc.status.DATA_LOSS, "corrupt"],
  [grpc.status.UNIMPLEMENTED, "invalid"],
]);

/** What a gRPC error means for us. */
export function faultOfStatus(error: unknown): FaultError {
  if (error instanceof FaultError) return error;
  if (error instanceof Error && "code" in error && typeof error.code === "number") {
    const details = "details" in error ? plain(String(error.details)) : error.message;
    const fault = faultOfCode.get(error.code) ?? "unavailable";
    return new FaultError(fault, grpc.status[error.code]?.toLowerCase() ?? "unknown", details, {
      cause: error,
    });
  }
  return new FaultError("bug", "session_failed", error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}

/** The library leaves what is reserved in addresses as it travelled, such as `%3A`. */
function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

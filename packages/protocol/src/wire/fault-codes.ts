/** Faults and gRPC status codes. Connect derives the HTTP status from the code. */

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Fault, FaultError } from "@haversack/base";
import { ProblemsSchema } from "../gen/haversack/v1/dag_service_pb.ts";
import { ProblemsError } from "../model/problem.ts";

export const faultToCode = {
  invalid: Code.InvalidArgument,
  missing: Code.NotFound,
  conflict: Code.AlreadyExists,
  fenced: Code.FailedPrecondition,
  denied: Code.PermissionDenied,
  busy: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  corrupt: Code.DataLoss,
  cancelled: Code.Canceled,
  bug: Code.Internal,
} as const satisfies Record<Fault, Code>;

const codeToFault = new Map<Code, Fault>([
  ...(Object.keys(faultToCode) as Fault[]).map((fault): [Code, Fault] => [faultToCode[fault], fault]),
  [Code.Unauthenticated, "denied"],
  [Code.DeadlineExceeded, "unavailable"],
  [Code.OutOfRange, "invalid"],
  [Code.Unimplemented, "invalid"],
  [Code.Aborted, "unavailable"],
]);

const codeHeader = "haversack-code";

/** What a client is told. A bug leaves as "internal": its cause belongs into the log. */
export function toConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (!(error instanceof FaultError) || error.fault === "bug") {
    return new ConnectError("internal error; the coordinator's log has the cause", Code.Internal);
  }
  const answer = new ConnectError(error.message, faultToCode[error.fault], { [codeHeader]: error.code });
  if (error instanceof ProblemsError) {
    answer.details.push({
      desc: ProblemsSchema,
      value: create(ProblemsSchema, { problems: [...error.problems] }),
    });
  }
  return answer;
}

/** What a client makes of an answer. */
export function fromConnectError(error: unknown): FaultError {
  if (error instanceof FaultError) return error;
  const answer = ConnectError.from(error);
  const problems = answer.findDetails(ProblemsSchema).flatMap((detail) => detail.problems);
  if (problems.length > 0) return new ProblemsError(problems);
  const fault = codeToFault.get(answer.code) ?? "bug";
  const code = answer.metadata.get(codeHeader) ?? Code[answer.code]?.toLowerCase() ?? "unknown";
  return new FaultError(fault, code, answer.rawMessage, { cause: error });
}

/** What the error of a call that was passed on means: the word of the other coordinator, or that there is none. */

import { Code, ConnectError } from "@connectrpc/connect";
import { FaultError } from "@haversack/base";
import { fromConnectError } from "@haversack/protocol";

/** Code of a fault: the worker is not connected to whom the call was passed on to. */
const notHereCode = "not_here";

/** `stranger`: the credential does not count there. */
export type Heard =
  | { readonly kind: "word"; readonly error: FaultError | ConnectError }
  | { readonly kind: "stranger" }
  | { readonly kind: "broken"; readonly why: string };

/** What a connection breaks with, and what a coordinator says without a code of its own when it has no answer. */
const broken = new Set([Code.Unavailable, Code.Canceled, Code.Aborted, Code.Internal, Code.Unknown]);

export function heard(thrown: unknown): Heard {
  const error = ConnectError.from(thrown);
  const fault = fromConnectError(error);
  const hasCode = fault.code !== Code[error.code]?.toLowerCase();
  if (hasCode && fault.code !== notHereCode) return { kind: "word", error: fault };
  if (error.code === Code.Unauthenticated) return { kind: "stranger" };
  // Not by a coordinator, but by what stands before it, or because it does not go by this name.
  const isForeign = /^HTTP \d/.test(error.rawMessage);
  if (broken.has(error.code) || isForeign) return { kind: "broken", why: error.rawMessage };
  return { kind: "word", error: new ConnectError(error.rawMessage, error.code) };
}

export interface Far {
  /** Name of the worker. */
  readonly worker: string;
  /** Of the coordinator. */
  readonly url: string;
}

const unavailable = (code: string, message: string): FaultError =>
  new FaultError("unavailable", code, message);

export const notHere = (worker: string): FaultError =>
  unavailable(notHereCode, `worker ${worker} is not connected to this coordinator any more; ask again`);

export const unreachable = ({ worker, url }: Far, why: string): FaultError =>
  unavailable(
    "worker_away",
    `worker ${worker} was last connected to the coordinator at ${url}, which cannot be reached from here (${why}), and nothing was remembered: ask again when the worker has dialled another one, or see to it that coordinators reach each other (--advertise)`,
  );

export const brokeOff = ({ worker, url }: Far, why: string): FaultError =>
  unavailable(
    "worker_away",
    `worker ${worker} was connected to the coordinator at ${url}, which did not answer to the end (${why}): look what became of it, and ask again`,
  );

export const unknownThere = ({ worker, url }: Far): FaultError =>
  new FaultError(
    "denied",
    "unknown_there",
    `worker ${worker} is connected to the coordinator at ${url}, where this token does not count: tokens of a data folder are its coordinator's own; use one of \`haversack token create\`, which counts with all`,
  );

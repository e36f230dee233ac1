/** A worker's result as it is reported to the store. */

import { hash } from "node:crypto";
import { type AttemptResult, failureMessageCharactersMax } from "@haversack/protocol";
import type { ResultReport } from "../store/verbs/attempt-verbs.ts";

/** @param startedAt when its start was told, if nobody has written that yet */
export function reportOf(result: AttemptResult, startedAt: number | undefined): ResultReport {
  const report = { result: bounded(result), resultDigest: digestOf(result) };
  return startedAt === undefined ? report : { ...report, startedAt };
}

function bounded(result: AttemptResult): AttemptResult {
  const { failure } = result;
  if (failure === undefined || failure.message.length <= failureMessageCharactersMax) return result;
  return {
    ...result,
    failure: { ...failure, message: `${failure.message.slice(0, failureMessageCharactersMax)} […]` },
  };
}

/** Tells a repetition from another result under the same fence. */
function digestOf(result: AttemptResult): string {
  const plain = JSON.stringify({
    ...result,
    outputs: [...result.outputs].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  });
  return hash("sha256", plain);
}

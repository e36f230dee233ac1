/**
 * The one door for what workers write about an attempt (L2). It answers with the attempt, live and theirs, or with the
 * reason why the write is refused.
 */

import { type AttemptRef, isTerminalStep, type RefusalReason, type WorkerId } from "@haversack/protocol";
import { isLiveAttempt } from "../../runs/step-moves.ts";
import { attemptGet } from "../statements/attempt.ts";
import type { VerbContext } from "../verb.ts";
import { type AttemptRow, attemptOfRow } from "./attempt-row.ts";

export type Fenced =
  | { readonly ok: true; readonly attempt: AttemptRow }
  | { readonly ok: false; readonly reason: RefusalReason; readonly attempt?: AttemptRow };

export async function fenced({ tx }: VerbContext, ref: AttemptRef, workerId: WorkerId): Promise<Fenced> {
  const row = await tx.one(attemptGet, ref.runId, ref.stepId, ref.attempt);
  if (row === undefined) return { ok: false, reason: "unknown" };
  const attempt = attemptOfRow(row);
  if (attempt.ref.generation !== ref.generation) return { ok: false, reason: "generation" };
  if (attempt.workerId !== workerId) return { ok: false, reason: "unknown" };
  if (isLiveAttempt(attempt.phase)) return { ok: true, attempt };
  return { ok: false, reason: refusalOf(attempt), attempt };
}

function refusalOf(attempt: AttemptRow): RefusalReason {
  if (isTerminalStep(attempt.stepPhase)) return "terminal";
  return attempt.stepAttempt === attempt.ref.attempt ? "expired" : "superseded";
}

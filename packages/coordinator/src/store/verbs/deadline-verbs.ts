/**
 * Time limits: finding what is due, and ending it. Each is served by a call of its own, which compares the time that it was
 * found with: of two coordinators the second finds nothing to do, and one that cannot be served harms no other.
 */

import { type AttemptRef, isTerminalRun, parseRunId, type RunId, stepAt } from "@haversack/protocol";
import { afterSilence } from "../../runs/human.ts";
import { integer, integerOrNone, text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { approvalGet } from "../statements/approval.ts";
import { runsDue, runsNextDue, stepsDue, stepsNextDue } from "../statements/deadline.ts";
import type { VerbContext } from "../verb.ts";
import { endAsked } from "./approval-verbs.ts";
import { endOfQueue } from "./queue-timeout.ts";
import { endOfTime } from "./run-timeout.ts";

export interface Deadline {
  /** `queue`: no worker took the step; `answer`: no person answered it. */
  readonly kind: "run" | "queue" | "answer";
  readonly runId: RunId;
  /** Of the step; 0 for a run. */
  readonly index: number;
  readonly due: number;
}

/** What is due at a moment, and when something is due next; undefined: nothing is. */
export async function deadlinesDue({ tx }: VerbContext, { now, limit }: { now: number; limit: number }) {
  const runs = (await tx.all(runsDue, now, limit)).map((row): Deadline => {
    const runId = parseRunId(text(row, "run_id"));
    return { kind: "run", runId, index: 0, due: integer(row, "due_at") };
  });
  const steps = (await tx.all(stepsDue, now, limit - runs.length)).map((row): Deadline => {
    const kind = text(row, "phase") === "ready" ? "queue" : "answer";
    const runId = parseRunId(text(row, "run_id"));
    return { kind, runId, index: integer(row, "idx"), due: integer(row, "due_at") };
  });
  const next: number[] = [];
  for (const statement of [runsNextDue, stepsNextDue]) {
    const row = await tx.one(statement, now);
    const due = row === undefined ? undefined : integerOrNone(row, "due");
    if (due !== undefined) next.push(due);
  }
  return { due: [...runs, ...steps], next: next.length === 0 ? undefined : Math.min(...next) };
}

export interface DeadlineCall extends Deadline {
  readonly now: number;
}

/** @returns the attempts that their workers have to end */
export async function deadlineServe(
  context: VerbContext,
  deadline: DeadlineCall,
): Promise<{ live: readonly AttemptRef[] }> {
  const run = await context.runs.find(deadline.runId);
  if (run === undefined || isTerminalRun(run.status)) return { live: [] };
  if (deadline.kind === "run") return { live: await endOfTime(context, run, deadline) };
  if (deadline.kind === "queue") await endOfQueue(context, run, deadline);
  else await endOfSilence(context, run, deadline);
  return { live: [] };
}

async function endOfSilence(
  context: VerbContext,
  run: RunState,
  { index, due, now }: DeadlineCall,
): Promise<void> {
  const row = await context.tx.one(approvalGet, run.no, index);
  const isWaiting = row !== undefined && text(row, "phase") === "suspended";
  if (!isWaiting || integerOrNone(row, "due_at") !== due) return;
  const { spec } = await context.dags.get(context.tx, run.dagDigest);
  const work = stepAt(spec, index)?.work;
  if (work?.kind === "human") await endAsked(context, { run, index, now }, afterSilence(work));
}

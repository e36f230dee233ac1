/**
 * When the last step of a run has ended, its handlers come; when the last of them has, the run ends. All in the
 * transaction of that end.
 */

import { present } from "@haversack/base";
import { type Failure, type HandlerKind, parseDigest, type RunId } from "@haversack/protocol";
import { firstTurn, handlerTurn } from "../../runs/handlers.ts";
import { type RunEnd, runEnd, runFailure } from "../../runs/run-end.ts";
import { flag, integer, json, text, textOrNone } from "../rows.ts";
import { runEndWith, runGet, runHandlers, runStepsEnded } from "../statements/run.ts";
import { handlersWaiting, stepCounts, stepFirstFailed } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { recordRun } from "./record.ts";
import { type SettledRun, settleHandler } from "./settle.ts";

/** Counts steps that have ended, and goes on with the last of them. */
export async function stepsEnded(
  context: VerbContext,
  runId: RunId,
  count: number,
  now: number,
): Promise<void> {
  if (count === 0) return;
  const row = present(await context.tx.one(runStepsEnded, runId, count), `run ${runId}`);
  if (integer(row, "unfinished") === 0) await goOn(context, runId, now);
}

/** The handlers for this end, then those for any; where there is none to start, the next. */
async function goOn(context: VerbContext, runId: RunId, now: number): Promise<void> {
  const row = present(await context.tx.one(runGet, runId), `run ${runId}`);
  const known = textOrNone(row, "outcome") as RunEnd | undefined;
  const outcome = known ?? (await outcomeOf(context, runId));
  const dagDigest = parseDigest(text(row, "dag_digest"));
  const { spec } = await context.dags.get(context.tx, dagDigest);
  if (spec.handlers !== undefined) {
    const run = { runId, dagDigest, now };
    await context.tx.run(runHandlers, runId, outcome, 0);
    const first = firstTurn(outcome, flag(row, "cancel_requested"));
    for (const turn of known === undefined ? ([first, "exit"] as const) : (["exit"] as const)) {
      const count = await startHandlers(context, run, turn);
      if (count === 0) continue;
      await context.tx.run(runHandlers, runId, outcome, count);
      return;
    }
  }
  await endRun(context, runId, outcome, now);
}

/** @returns how many can be handed out now */
async function startHandlers(context: VerbContext, run: SettledRun, turn: RunEnd | "exit"): Promise<number> {
  let count = 0;
  for (const row of await context.tx.all(handlersWaiting, run.runId)) {
    const decision = handlerTurn(text(row, "handler") as HandlerKind, turn);
    if (decision === "wait") continue;
    const phase = await settleHandler(context, run, integer(row, "idx"), decision);
    if (phase === "ready") count++;
  }
  return count;
}

async function outcomeOf({ tx }: VerbContext, runId: RunId): Promise<RunEnd> {
  const counts = present(await tx.one(stepCounts, runId), `steps of run ${runId}`);
  return runEnd({
    failed: integer(counts, "failed"),
    cancelled: integer(counts, "cancelled"),
    blocked: integer(counts, "blocked"),
  });
}

async function endRun(context: VerbContext, runId: RunId, status: RunEnd, now: number): Promise<void> {
  const { tx } = context;
  const failure = status === "failed" ? await firstFailure(context, runId) : undefined;
  await tx.run(runEndWith, runId, status, failure === undefined ? null : JSON.stringify(failure), now);
  await recordRun(context, runId, status, failure, now);
}

async function firstFailure({ tx }: VerbContext, runId: RunId): Promise<Failure | undefined> {
  const row = await tx.one(stepFirstFailed, runId);
  return row === undefined ? undefined : runFailure(text(row, "step_id"), json<Failure>(row, "failure"));
}

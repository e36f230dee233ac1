/**
 * When the last step of a run has ended, its handlers come; when the last of them has, the run ends. All in the
 * transaction of that end.
 */

import { present } from "@haversack/base";
import { type Failure, type HandlerKind, parseStepId, type RunId, type RunStatus } from "@haversack/protocol";
import { firstTurn, handlerTurn } from "../../runs/handlers.ts";
import { type RunEnd, runEnd, runFailure } from "../../runs/run-end.ts";
import { flag, integer, json, text, textOrNone } from "../rows.ts";
import { handlersWaiting } from "../statements/outcome.ts";
import { runEndWith, runGet, runHandlers, runStepsEnded } from "../statements/run.ts";
import { stepCounts, stepFirstFailed, stepsCancelIdle } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { record, recordRun } from "./record.ts";
import { type EndedStep, type SettledRun, settleBehind, settleFirst, settleHandler } from "./settle.ts";

/** An attempt has ended its step. */
export async function stepEnded(context: VerbContext, run: SettledRun, step: EndedStep): Promise<void> {
  await stepsEnded(context, run, 1 + (await settleBehind(context, run, step)));
}

/** Decides steps of a new run that wait for nobody. */
export async function decideFirst(
  context: VerbContext,
  run: SettledRun,
  indexes: Iterable<number>,
): Promise<void> {
  await stepsEnded(context, run, await settleFirst(context, run, indexes));
}

/** Ends what nobody runs and the cancel is for. */
export async function cancelIdle(context: VerbContext, run: SettledRun, status: RunStatus): Promise<void> {
  const { runId, now } = run;
  await recordRun(context, runId, status, undefined, now);
  const ended = await context.tx.all(stepsCancelIdle, runId, now);
  for (const step of ended) {
    const stepId = parseStepId(text(step, "step_id"));
    const change = { kind: "step", stepId, phase: "cancelled", attempt: integer(step, "attempt") } as const;
    await record(context, runId, change, now);
  }
  await stepsEnded(context, run, ended.length);
}

/** Counts steps that have ended, and goes on with the last of them. */
async function stepsEnded(context: VerbContext, run: SettledRun, count: number): Promise<void> {
  if (count === 0) return;
  const row = present(await context.tx.one(runStepsEnded, run.runId, count), `run ${run.runId}`);
  if (integer(row, "unfinished") === 0) await goOn(context, run);
}

/** The handlers for this end, then those for any; where there is none to start, the next. */
async function goOn(context: VerbContext, run: SettledRun): Promise<void> {
  const { runId, now } = run;
  const row = present(await context.tx.one(runGet, runId), `run ${runId}`);
  const known = textOrNone(row, "outcome") as RunEnd | undefined;
  const outcome = known ?? (await outcomeOf(context, runId));
  const { spec } = await context.dags.get(context.tx, run.dagDigest);
  if (spec.handlers !== undefined) {
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

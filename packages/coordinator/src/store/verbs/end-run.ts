/**
 * When the last step of a run has ended, its handlers come; when the last of them has, the run ends. All in the
 * transaction of that end.
 */

import type { HandlerKind, RunTrace } from "@haversack/protocol";
import { firstTurn, handlerTurn } from "../../runs/handlers.ts";
import type { RunEnd } from "../../runs/run-end.ts";
import { integer, text } from "../rows.ts";
import { handlersWaiting } from "../statements/outcome.ts";
import { runEndWith, runOutcome } from "../statements/run.ts";
import type { VerbContext } from "../verb.ts";
import { itemsEnded } from "./item-groups.ts";
import { recordRun } from "./record.ts";
import { failureOf, outcomeOf } from "./run-failure.ts";
import {
  type EndedStep,
  type SettledRun,
  settleBehind,
  settleFirst,
  settleFree,
  settleHandler,
} from "./settle.ts";
import { setDue } from "./start-run.ts";

/** Attempts have ended their steps. */
export async function stepsEnded(
  context: VerbContext,
  run: SettledRun,
  steps: readonly EndedStep[],
): Promise<void> {
  const ended = await itemsEnded(context, run, steps);
  await count(context, run, ended.length + (await settleBehind(context, run, ended)));
}

/** Decides steps of a new run that wait for nobody. */
export async function decideFirst(
  context: VerbContext,
  run: SettledRun,
  indexes: readonly number[],
): Promise<void> {
  await count(context, run, await settleFirst(context, run, indexes));
}

/** The run waited, and may start: so do the steps that wait for nobody else. */
export async function decideHeld(
  context: VerbContext,
  run: SettledRun,
  indexes: readonly number[],
): Promise<void> {
  await count(context, run, await settleFree(context, run, indexes));
}

/** Counts steps that have ended, and goes on with the last of them. */
export async function count(context: VerbContext, settled: SettledRun, ended: number): Promise<void> {
  if (ended === 0) return;
  settled.run.unfinished -= ended;
  if (settled.run.unfinished === 0) await goOn(context, settled);
}

/** The handlers for this end, then those for any; where there is none to start, the next. */
async function goOn(context: VerbContext, settled: SettledRun): Promise<void> {
  const { run } = settled;
  const known = run.outcome;
  const outcome = known ?? (await outcomeOf(context, run));
  const { spec } = await context.dags.get(context.tx, run.dagDigest);
  if (spec.handlers !== undefined) {
    if (known === undefined && spec.timeoutMs !== undefined)
      await setDue(context, run, settled.now + spec.timeoutMs);
    run.outcome = outcome;
    await context.tx.run(runOutcome, run.no, outcome);
    const first = firstTurn(outcome, run.cancelRequested);
    for (const turn of known === undefined ? ([first, "exit"] as const) : (["exit"] as const)) {
      run.unfinished = await startHandlers(context, settled, turn);
      if (run.unfinished > 0) return;
    }
  }
  await endRun(context, settled, outcome);
}

/** @returns how many can be handed out now */
async function startHandlers(
  context: VerbContext,
  settled: SettledRun,
  turn: RunEnd | "exit",
): Promise<number> {
  let started = 0;
  for (const row of await context.tx.all(handlersWaiting, settled.run.no)) {
    const decision = handlerTurn(text(row, "handler") as HandlerKind, turn);
    if (decision === "wait") continue;
    const phase = await settleHandler(context, settled, integer(row, "idx"), decision);
    if (phase === "ready") started++;
  }
  return started;
}

async function endRun(context: VerbContext, { run, now }: SettledRun, status: RunEnd): Promise<void> {
  const { tx } = context;
  const failure = status === "failed" ? await failureOf(context, run) : undefined;
  await tx.run(runEndWith, run.no, status, failure === undefined ? null : JSON.stringify(failure), now);
  run.status = status;
  run.isPaused = false;
  run.dueAt = undefined;
  recordRun(context, run, now, failure);
  if (run.isChild) context.touched.children = true;
  const trace = run.trace === undefined ? undefined : (JSON.parse(run.trace) as RunTrace);
  if (trace === undefined || trace.spanId === "") return;
  const { id, dagName, createdAt } = run;
  context.touched.ended.push({ id, dagName, status, createdAt, endedAt: now, trace });
}

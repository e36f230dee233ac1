/** What is known of steps that have not started, for whoever asks what they wait for. */

import { parseRunId, type RunId, type StepPhase, stepsCount } from "@haversack/protocol";
import type { LimitFacts, RunHold, WaitFacts } from "../../runs/wait-facts.ts";
import { noStep } from "../missing.ts";
import { flag, integer, text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import type { Row } from "../statement.ts";
import { stepPhases } from "../statements/retry.ts";
import { runKeyOf, runsOfKey } from "../statements/run-key.ts";
import { queueGet, stepPlaces, stepsWaiting } from "../statements/why.ts";
import type { VerbContext } from "../verb.ts";
import { holdersOf, inUseOf, type NumberedUse, stateOf, usesOfQueues } from "./limit-state.ts";
import { placedQueueOfRow } from "./queue-rows.ts";

export interface WhyQuery {
  readonly runId: RunId;
  /** Absent: all that have not started. */
  readonly stepId?: string;
  readonly limit: number;
}

/** That are named of each key or pool, and of each key of runs. */
const holdersMax = 20;

/** By the position of the step. */
export async function stepsWhy(
  context: VerbContext,
  { runId, stepId, limit }: WhyQuery,
): Promise<ReadonlyMap<number, WaitFacts>> {
  const { tx } = context;
  const run = await context.runs.get(runId);
  const { graph, indexOf, spec } = await context.dags.get(tx, run.dagDigest);
  const index = stepId === undefined ? undefined : indexOf.get(stepId);
  if (stepId !== undefined && index === undefined) throw noStep(runId, stepId);
  const rows =
    index === undefined ? await tx.all(stepsWaiting, run.no, limit) : await tx.all(stepPlaces, run.no, index);
  const count = stepsCount(spec);
  const phases = (await tx.all(stepPhases, run.no, count)).map((row) => text(row, "phase") as StepPhase);
  const hold = await holdOf(context, run);
  const queues = await queuesOf(context, rows);
  const limits = await limitsOf(context, rows);
  const facts = rows.map((row): [number, WaitFacts] => {
    const at = integer(row, "idx");
    const behind = (graph.depends[at] ?? []).flatMap((before) => {
      const phase = phases[before] ?? "waiting";
      return isOpen(phase) ? [{ id: spec.steps[before]?.id ?? "", phase }] : [];
    });
    return [
      at,
      {
        phase: text(row, "phase") as StepPhase,
        isPaused: run.isPaused,
        isOwnRun: text(row, "kind") === "dag",
        notBefore: integer(row, "not_before"),
        queue: queues.get(integer(row, "queue")) ?? { priority: 3, share: "", selector: {}, limits: [] },
        behind,
        isHandler: at >= spec.steps.length && at < count,
        isItem: at >= count,
        ...(hold === undefined ? {} : { hold }),
        limits: limits.get(integer(row, "queue")) ?? [],
      },
    ];
  });
  return new Map(facts);
}

const isOpen = (phase: StepPhase): boolean =>
  !["succeeded", "failed", "cancelled", "blocked", "skipped"].includes(phase);

async function queuesOf({ tx }: VerbContext, rows: readonly Row[]) {
  const numbers = [...new Set(rows.map((row) => integer(row, "queue")))];
  const found = await tx.each(
    queueGet,
    numbers.map((no) => [no]),
  );
  return new Map(found.map((row) => [integer(row, "no"), placedQueueOfRow(row)]));
}

async function limitsOf(
  context: VerbContext,
  rows: readonly Row[],
): Promise<ReadonlyMap<number, readonly LimitFacts[]>> {
  const gated = rows.filter((row) => flag(row, "gated")).map((row) => integer(row, "queue"));
  const uses = await usesOfQueues(context, gated);
  const numbers = new Set([...uses.values()].flat().map(({ no }) => no));
  const inUse = await inUseOf(context, numbers);
  const holders = new Map<number, LimitFacts["holders"]>();
  for (const no of numbers) holders.set(no, await holdersOf(context, no, holdersMax));
  const factsOf = (use: NumberedUse): LimitFacts => ({
    use: use.use,
    state: stateOf(use, inUse),
    holders: holders.get(use.no) ?? [],
  });
  return new Map([...uses].map(([queue, own]) => [queue, own.map(factsOf)]));
}

/** Undefined: the run waits for no other. */
async function holdOf({ tx }: VerbContext, run: RunState): Promise<RunHold | undefined> {
  const row = await tx.one(runKeyOf, run.no);
  if (row === undefined || !flag(row, "held")) return undefined;
  const others = await tx.all(runsOfKey, integer(row, "run_key"), 1000);
  const underWay = others.filter((other) => !flag(other, "held"));
  const ahead = others.filter((other) => flag(other, "held") && integer(other, "no") < run.no).length;
  return {
    key: text(row, "name"),
    limit: integer(row, "key_limit"),
    runs: underWay.slice(0, holdersMax).map((other) => parseRunId(text(other, "id"))),
    ahead,
  };
}

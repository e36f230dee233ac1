/** Retrying a run: a new one, in one transaction, which does again what has to be and keeps the rest. */

import { present } from "@haversack/base";
import { type DagSpec, type Digest, type RunId, type RunTrace, traceOfRetry } from "@haversack/protocol";
import { noRun } from "../missing.ts";
import { integer, json, text } from "../rows.ts";
import { newRun } from "../run-states.ts";
import { runRepeat, runSource } from "../statements/retry.ts";
import { runLabelsCarry } from "../statements/run.ts";
import type { VerbContext } from "../verb.ts";
import { decideFirst } from "./end-run.ts";
import { insertPacks } from "./new-steps.ts";
import { carryPinnedDags, insertPinnedDags } from "./pinned-dags.ts";
import { recordRun, tellReady } from "./record.ts";
import { type Repeating, repeatSteps } from "./repeat-steps.ts";
import { enterKeyOf, setKey } from "./run-key-verbs.ts";
import { type RunSubmission, runFind } from "./run-submit.ts";
import { whatToRepeat } from "./what-to-repeat.ts";

export interface RetryRequest {
  readonly id: RunId;
  readonly newId: RunId;
  /** This step and all that depends on it are done again even if they succeeded. */
  readonly fromStep?: string;
  /** Pins of today's library; absent: those of the earlier run. */
  readonly pinned?: Pick<RunSubmission, "steps" | "packs" | "pinned">;
  readonly idempotencyKey?: string;
  readonly bodyDigest: Digest;
  /** Absent: it has none. */
  readonly trace?: RunTrace;
  readonly now: number;
}

export async function runRetry(context: VerbContext, request: RetryRequest) {
  const { tx } = context;
  const { id, newId, now, bodyDigest, idempotencyKey: key } = request;
  const existing = await runFind(context, request);
  if (existing !== undefined) return existing;
  const earlier = await context.runs.get(id);
  const again = await whatToRepeat(context, earlier, request.fromStep);
  await insertPacks(context, request.pinned?.packs ?? [], now);
  const place = await enterKeyOf(context, earlier);
  const trace = traceAgain(request, earlier);
  const row = await tx.one(
    runRepeat,
    earlier.no,
    newId,
    key ?? null,
    bodyDigest,
    now,
    again.size,
    trace ?? null,
  );
  const no = integer(present(row, "the run that was inserted"), "no");
  await tx.run(runLabelsCarry, earlier.no, no, now);
  const run = newRun({ ...earlier, no, id: newId, createdAt: now, trace, unfinished: again.size });
  context.runs.add(run);
  if (place !== undefined) await setKey(context, run, place);
  await repeatPins(context, { earlier, run }, request);
  recordRun(context, run, now);
  const held = place?.held === true;
  const first = await repeatSteps(context, { ...request, earlier, run, again, held });
  await tellReady(context, run);
  if (!held) await decideFirst(context, { run, now }, first);
  return { runId: newId, existed: false };
}

function traceAgain({ trace }: RetryRequest, earlier: Repeating["earlier"]): string | undefined {
  if (trace === undefined) return undefined;
  const first = earlier.trace === undefined ? undefined : (JSON.parse(earlier.trace) as RunTrace);
  return JSON.stringify(traceOfRetry(trace, first));
}

/** What it starts itself is given what the earlier one's was, or what there is today. */
async function repeatPins(
  context: VerbContext,
  { earlier, run }: Pick<Repeating, "earlier" | "run">,
  { pinned }: RetryRequest,
): Promise<void> {
  if (pinned !== undefined) return await insertPinnedDags(context, run.no, pinned.pinned ?? []);
  const { hasChildren } = await context.dags.get(context.tx, run.dagDigest);
  if (hasChildren) await carryPinnedDags(context, earlier.no, run.no);
}

/** What was submitted, word for word: of a local DAG the file that it stands in. */
export async function runSourceRead({ tx }: VerbContext, { id }: { readonly id: RunId }) {
  const row = await tx.one(runSource, id);
  if (row === undefined) throw noRun(id);
  const { localOf } = json<DagSpec>(row, "spec");
  return { dagName: text(row, "name"), source: text(row, "source"), localOf };
}

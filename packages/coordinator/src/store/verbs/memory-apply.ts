/**
 * The memory operations of a step that succeeded, in the transaction that accepts its result (P8). The coordinator is
 * the only writer, one operation after the other: what two runs note down at once is all there, and what does not go
 * together waits for a person.
 */

import { present } from "@haversack/base";
import {
  dagScope,
  type MemoryOperation,
  type MemoryScopeName,
  parseMemoryScopeName,
} from "@haversack/protocol";
import { judge, type Verdict, type WriteMode } from "../../memory/judge.ts";
import { applyEdits, type SourcedEdit } from "../../memory/scope.ts";
import { integer } from "../rows.ts";
import { operationCountsOfRun, operationGet, operationInsert } from "../statements/memory.ts";
import type { VerbContext } from "../verb.ts";
import type { AttemptRow } from "./attempt-row.ts";
import { addVersion, stateOf } from "./memory-state.ts";

export async function applyMemory(
  context: VerbContext,
  attempt: AttemptRow,
  operations: readonly MemoryOperation[],
  now: number,
): Promise<void> {
  if (operations.length === 0) return;
  for (const kind of ["global", "dag"] as const) {
    const scope = kind === "global" ? parseMemoryScopeName("global") : dagScope(attempt.run.dagName);
    const own = operations.filter((operation) => operation.scope === kind);
    await applyToScope(context, { attempt, scope, mode: attempt.memoryWrite[kind], operations: own, now });
  }
}

interface Batch {
  readonly attempt: AttemptRow;
  readonly scope: MemoryScopeName;
  readonly mode: WriteMode;
  readonly operations: readonly MemoryOperation[];
  readonly now: number;
}

/** One version for all of them together. */
async function applyToScope(context: VerbContext, batch: Batch): Promise<void> {
  const { scope, mode, now } = batch;
  const { runId, stepId } = batch.attempt.ref;
  const state = await stateOf(context, scope);
  let entries = state.entries;
  const edits: SourcedEdit[] = [];
  const counts = present(await context.tx.one(operationCountsOfRun, runId), "counts");
  let operations = integer(counts, "operations");
  let removals = integer(counts, "removals");
  for (const operation of batch.operations) {
    if ((await context.tx.one(operationGet, runId, stepId, operation.id)) !== undefined) continue;
    const verdict = judge(entries, operation, { mode, operations, removals, source: `${runId}/${stepId}` });
    await keep(context, batch, operation, verdict);
    operations += 1;
    if (operation.change.kind === "remove") removals += 1;
    if (verdict.kind !== "applied") continue;
    edits.push(verdict.edit);
    entries = applyEdits(entries, [verdict.edit]);
  }
  if (edits.length === 0) return;
  await addVersion(context, { state, edits, cause: { kind: "step", runId, stepId }, now });
}

async function keep(
  { tx }: VerbContext,
  { attempt, scope, now }: Batch,
  operation: MemoryOperation,
  verdict: Verdict,
): Promise<void> {
  const { runId, stepId } = attempt.ref;
  const [reason, detail] = verdict.kind === "review" ? [verdict.reason, verdict.detail] : [null, ""];
  // A secret must not get into the database, not even as what was refused.
  const kept = reason === "secret" ? withoutText(operation) : operation;
  await tx.run(
    operationInsert,
    runId,
    stepId,
    operation.id,
    scope,
    JSON.stringify(kept),
    verdict.kind,
    reason,
    detail,
    now,
  );
}

function withoutText(operation: MemoryOperation): MemoryOperation {
  const { change } = operation;
  return change.kind === "remove" ? operation : { ...operation, change: { ...change, text: "" } };
}

/** Memory for people: what there is, how it came about, what waits for them, and the way back. */

import { FaultError } from "@haversack/base";
import {
  type MemoryCause,
  type MemoryOperation,
  type MemoryReview,
  type MemoryScopeInfo,
  type MemoryScopeName,
  type MemoryState,
  type MemoryVersion,
  parseDigest,
  parseMemoryScopeName,
  parseRunId,
  parseStepId,
  type ReviewReason,
  type ReviewResolution,
  type RunId,
} from "@haversack/protocol";
import { judgeAccepted } from "../../memory/judge.ts";
import {
  applyEdits,
  type Entries,
  editsBetween,
  entriesDigest,
  notesSize,
  type SourcedEdit,
} from "../../memory/scope.ts";
import { integer, integerOrNone, json, jsonOrNone, text } from "../rows.ts";
import type { Row } from "../statement.ts";
import {
  editsUpTo,
  operationCountsBySteps,
  operationDecide,
  operationGet,
  operationsInReview,
  scopesList,
  versionsBefore,
} from "../statements/memory.ts";
import type { VerbContext } from "../verb.ts";
import { addVersion, stateOf } from "./memory-state.ts";

/** The newest state of each of these scopes, at one moment. */
export async function memoryRead(
  context: VerbContext,
  { scopes }: { readonly scopes: readonly MemoryScopeName[] },
): Promise<MemoryState[]> {
  const states: MemoryState[] = [];
  for (const scope of scopes) states.push(await stateOf(context, scope));
  return states;
}

/** A scope as it was at a version. */
export async function memoryAt(
  context: VerbContext,
  { scope, version }: { readonly scope: MemoryScopeName; readonly version: number },
): Promise<MemoryState> {
  const newest = await stateOf(context, scope);
  if (version === newest.version) return newest;
  if (version > newest.version) throw noVersion(scope, version, newest.version);
  const rows = await context.tx.all(editsUpTo, scope, version);
  let entries: Entries = [];
  for (const row of rows) entries = applyEdits(entries, json<SourcedEdit[]>(row, "edits"));
  return { scope, version, digest: entriesDigest(entries), entries };
}

function noVersion(scope: string, version: number, newest: number): FaultError {
  const message = `memory ${scope} has no version ${version}; its newest is ${newest}`;
  return new FaultError("missing", "unknown_version", message);
}

export async function memoryScopes({ tx }: VerbContext): Promise<MemoryScopeInfo[]> {
  return (await tx.all(scopesList)).map((row) => {
    const entries = jsonOrNone<Entries>(row, "entries") ?? [];
    return {
      name: parseMemoryScopeName(text(row, "scope")),
      version: integerOrNone(row, "version") ?? 0,
      entries: entries.length,
      size: notesSize(entries),
      inReview: integer(row, "in_review"),
    };
  });
}

/** What became of the operations of each step that asked for any, by step id. */
export async function memoryOfSteps({ tx }: VerbContext, runId: RunId) {
  const rows = await tx.all(operationCountsBySteps, runId);
  const counts = (row: Row) => ({ applied: integer(row, "applied"), inReview: integer(row, "in_review") });
  return new Map(rows.map((row) => [text(row, "step_id"), counts(row)]));
}

export interface VersionQuery {
  readonly scope: MemoryScopeName;
  /** Absent: from the newest on. */
  readonly before?: number;
  readonly limit: number;
}

export async function memoryVersions(
  { tx }: VerbContext,
  { scope, before = Number.MAX_SAFE_INTEGER, limit }: VersionQuery,
): Promise<MemoryVersion[]> {
  return (await tx.all(versionsBefore, scope, before, limit)).map((row) => ({
    version: integer(row, "version"),
    digest: parseDigest(text(row, "digest")),
    at: integer(row, "at"),
    cause: json<MemoryCause>(row, "cause"),
    edits: json<SourcedEdit[]>(row, "edits"),
  }));
}

export interface ReviewQuery {
  readonly scope?: MemoryScopeName;
  /** Only those after it; 0: from the oldest on. */
  readonly after: number;
  readonly limit: number;
}

export async function memoryReviews(context: VerbContext, { scope, after, limit }: ReviewQuery) {
  const rows = await context.tx.all(operationsInReview, scope ?? "", after, limit);
  const reviews: MemoryReview[] = [];
  const known = new Map<MemoryScopeName, Entries>();
  for (const row of rows) {
    const name = parseMemoryScopeName(text(row, "scope"));
    const entries = known.get(name) ?? (await stateOf(context, name)).entries;
    known.set(name, entries);
    reviews.push(reviewOfRow(row, name, entries));
  }
  const last = rows.at(-1);
  const next = rows.length < limit || last === undefined ? undefined : integer(last, "position");
  return { reviews, next };
}

function reviewOfRow(row: Row, scope: MemoryScopeName, entries: Entries): MemoryReview {
  const operation = json<MemoryOperation>(row, "operation");
  const current = currentText(entries, operation);
  const runId = parseRunId(text(row, "run_id"));
  const stepId = parseStepId(text(row, "step_id"));
  return {
    id: `${runId}/${stepId}/${operation.id}`,
    scope,
    runId,
    stepId,
    operation,
    reason: text(row, "reason") as ReviewReason,
    detail: text(row, "detail"),
    at: integer(row, "at"),
    ...(current === undefined ? {} : { current }),
  };
}

function currentText(entries: Entries, { change }: MemoryOperation): string | undefined {
  return change.kind === "add" ? undefined : entries.find(({ id }) => id === change.entry)?.text;
}

export type Resolution = ReviewResolution & { readonly now: number };

/** @returns the version of the scope afterwards */
export async function memoryResolve(context: VerbContext, resolution: Resolution): Promise<number> {
  const { id, decision, now } = resolution;
  const key = reviewKey(id);
  const row = await context.tx.one(operationGet, ...key);
  if (row === undefined) throw noReview(id);
  if (text(row, "status") !== "review") {
    throw new FaultError(
      "conflict",
      "resolved_before",
      `the operation ${id} is ${text(row, "status")} already`,
    );
  }
  const operation = json<MemoryOperation>(row, "operation");
  const state = await stateOf(context, parseMemoryScopeName(text(row, "scope")));
  if (decision === "dismiss") {
    await context.tx.run(operationDecide, ...key, "dismissed", now);
    return state.version;
  }
  if (currentText(state.entries, operation) !== resolution.current) {
    const message = "the entry changed since the review was read; look at it again";
    throw new FaultError("conflict", "entry_changed", message);
  }
  if (text(row, "reason") === "secret") {
    const message = "it looked like a secret, so its text was not kept: it can only be dismissed";
    throw new FaultError("invalid", "not_acceptable", message);
  }
  const [runId, stepId] = key;
  const verdict = judgeAccepted(state.entries, operation, `${runId}/${stepId}`);
  if (verdict.kind === "review") {
    throw new FaultError("invalid", "not_acceptable", `it cannot be accepted: ${verdict.detail}`);
  }
  await context.tx.run(operationDecide, ...key, "accepted", now);
  if (verdict.kind === "merged") return state.version;
  const cause = { kind: "review", runId: parseRunId(runId), stepId: parseStepId(stepId) } as const;
  return (await addVersion(context, { state, edits: [verdict.edit], cause, now })).version;
}

function reviewKey(id: string): readonly [string, string, string] {
  const [runId, stepId, operation, ...rest] = id.split("/");
  if (runId === undefined || stepId === undefined || operation === undefined || rest.length > 0)
    throw noReview(id);
  return [runId, stepId, operation];
}

function noReview(id: string): FaultError {
  const message = `nothing waits for review under ${JSON.stringify(id)}; \`haversack memory review\` lists what does`;
  return new FaultError("missing", "unknown_review", message);
}

export interface Reversion {
  readonly scope: MemoryScopeName;
  readonly version: number;
  readonly now: number;
}

/** @returns the version of the scope afterwards: the old one when nothing differs */
export async function memoryRevert(
  context: VerbContext,
  { scope, version, now }: Reversion,
): Promise<number> {
  const state = await stateOf(context, scope);
  const wanted = await memoryAt(context, { scope, version });
  const edits = editsBetween(state.entries, wanted.entries);
  if (edits.length === 0) return state.version;
  return (await addVersion(context, { state, edits, cause: { kind: "revert", version }, now })).version;
}

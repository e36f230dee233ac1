/** The end of an attempt, as the rows that it changes. */

import type { AttemptResult, Failure, StepPhase } from "@haversack/protocol";
import type { NextMove } from "../../runs/after-attempt.ts";
import type { AttemptEnding } from "../../runs/step-moves.ts";
import type { SqlValue } from "../statement.ts";
import type { AttemptRow } from "./attempt-row.ts";

export interface AttemptEnd {
  /** Live, as it was read in this transaction. */
  readonly attempt: AttemptRow;
  readonly ending: AttemptEnding;
  readonly move: NextMove;
  /** Absent when the attempt was lost. */
  readonly result?: AttemptResult;
  readonly resultDigest?: string;
  /** Its start was told a moment ago, and is written with its end. */
  readonly startedAt?: number;
}

export interface Ending extends AttemptEnd {
  /** What the step becomes. */
  readonly phase: StepPhase;
}

const placeOf = ({ attempt: { run, index, ref } }: Ending) => [run.no, index, ref.attempt] as const;

export function requeueRow(end: Ending, now: number): SqlValue[] {
  const { move, result } = end;
  const isRetried = move.event === "retried";
  const failure = failureOf(move);
  return [
    ...placeOf(end),
    isRetried ? now + move.delayMs : 0,
    isRetried ? 1 : 0,
    move.event === "lost" ? 1 : 0,
    failure === undefined ? null : JSON.stringify(failure),
    result?.exitCode ?? null,
  ];
}

export function endRow(end: Ending, now: number): SqlValue[] {
  const { move, result, phase } = end;
  const failure = failureOf(move);
  const outputs = result?.outputs;
  return [
    ...placeOf(end),
    phase,
    now,
    failure === undefined ? null : JSON.stringify(failure),
    result?.exitCode ?? null,
    outputs === undefined || outputs.size === 0 ? "{}" : JSON.stringify(Object.fromEntries(outputs)),
    result?.usage === undefined ? null : JSON.stringify(result.usage),
    end.startedAt ?? now,
  ];
}

export function attemptRow(end: Ending, now: number): SqlValue[] {
  const { attempt, ending, resultDigest } = end;
  const { ref, workerId, bootId, claimedAt, startedAt } = attempt;
  return [
    ...placeOf(end),
    ref.generation,
    workerId,
    bootId,
    ending,
    claimedAt,
    startedAt ?? end.startedAt ?? null,
    now,
    resultDigest ?? null,
  ];
}

export function artifactRows({ attempt, phase, result }: Ending): SqlValue[][] {
  if (phase !== "succeeded") return [];
  return (result?.artifacts ?? []).map(({ path, digest, size, executable }) => [
    attempt.run.no,
    attempt.index,
    path,
    digest,
    size,
    executable ? 1 : 0,
  ]);
}

export const failureOf = (move: NextMove): Failure | undefined =>
  move.event === "retried" || move.event === "failed" ? move.failure : undefined;

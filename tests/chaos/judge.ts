/**
 * Was every promise kept? Judged from what the clients saw and from what the coordinators tell when all is quiet, by
 * somebody who knows the DAGs and nothing of how they were run. Pure: the same evidence, the same verdict.
 */

import type { LogPiece, RunDetail, RunEvent } from "@haversack/protocol";
import { expectedOutput, type MadeDag, type MadeStep } from "./workload.ts";

export interface Evidence {
  readonly dag: MadeDag;
  /** Undefined: no submission of it was ever acknowledged. */
  readonly run: RunDetail | undefined;
  /** The answer to a cancel, or that it was asked for. */
  readonly cancel: "asked" | "accepted" | undefined;
  /** As the client followed them through all faults. */
  readonly seen: readonly RunEvent[];
  /** As the store has them afterwards. */
  readonly events: readonly RunEvent[];
  /** Of every attempt. */
  readonly logs: readonly LogPiece[];
  /** Runs of this DAG that the coordinators know. */
  readonly runsOfKey: number;
}

export interface Verdict {
  /** Acknowledged and gone, never ended, or without the success that was acknowledged. */
  lost: number;
  acceptedTwice: number;
  orderViolations: number;
  logBytesLost: number;
  /** Ended otherwise than it should. */
  wrongEnds: number;
  readonly why: string[];
}

/** A step that lost so many workers fails, and this is promised. */
const lostAttemptsMax = 3;

export function judgeRun(evidence: Evidence): Verdict {
  const verdict = { lost: 0, acceptedTwice: 0, orderViolations: 0, logBytesLost: 0, wrongEnds: 0 };
  const why: string[] = [];
  const { dag, run } = evidence;
  const find = (what: keyof typeof verdict, reason: string, count = 1): void => {
    verdict[what] += count;
    why.push(`${dag.token}: ${what}: ${reason}`);
  };
  if (run === undefined) {
    find("lost", "no submission was ever answered");
    return { ...verdict, why };
  }
  if (evidence.runsOfKey !== 1) find("acceptedTwice", `one key, ${evidence.runsOfKey} runs`);
  judgeEnd(evidence, run, find);
  judgeOrder(evidence, run, find);
  for (const step of dag.steps) judgeLogs(evidence, step, find);
  return { ...verdict, why };
}

type Find = (what: Exclude<keyof Verdict, "why">, reason: string, count?: number) => void;

function judgeEnd({ cancel, events, dag }: Evidence, run: RunDetail, find: Find): void {
  switch (run.status) {
    case "queued":
    case "running":
      return find("lost", `still ${run.status} when all was quiet`);
    case "cancelled":
      if (cancel === undefined) find("wrongEnds", "cancelled, and nobody asked");
      return;
    case "failed": {
      const failed = run.steps.filter(({ phase }) => phase === "failed");
      const unlucky = failed.every(
        ({ id, failure }) => failure?.code === "worker_lost" && losses(events, id),
      );
      if (failed.length === 0 || !unlucky) find("wrongEnds", `failed: ${failed.map(told).join("; ")}`);
      return;
    }
    case "succeeded":
      for (const { id } of dag.steps) {
        const count = accepted(events, id).length;
        if (count === 0) find("lost", `${id} was never accepted`);
        if (count > 1) find("acceptedTwice", `${id} was accepted ${count} times`);
      }
      return;
    default:
      run.status satisfies never;
  }
}

const told = ({ id, failure }: RunDetail["steps"][number]): string =>
  `${id} ${failure?.code}: ${failure?.message}`;

/** The attempts before the last one were lost, too: it was given out that often and never ended by itself. */
function losses(events: readonly RunEvent[], stepId: string): boolean {
  return phases(events, stepId, "leased").length >= lostAttemptsMax;
}

const phases = (events: readonly RunEvent[], stepId: string, phase: string): readonly RunEvent[] =>
  events.filter(({ change }) => change.kind === "step" && change.stepId === stepId && change.phase === phase);

const accepted = (events: readonly RunEvent[], stepId: string): readonly RunEvent[] =>
  phases(events, stepId, "succeeded");

/** Events without a gap, the same for everybody; a step only after those it depends on; nothing after an end. */
function judgeOrder({ events, seen }: Evidence, run: RunDetail, find: Find): void {
  const gap = events.findIndex(({ seq }, index) => seq !== index + 1);
  if (gap !== -1) find("orderViolations", `event ${gap + 1} is missing or out of turn`);
  if (JSON.stringify(seen) !== JSON.stringify(events))
    find(
      "orderViolations",
      `the client saw ${seen.length} events, the store has ${events.length}, or others`,
    );
  for (const { id, depends } of run.steps) {
    const given = phases(events, id, "leased").map(({ seq }) => seq);
    const [end] = accepted(events, id);
    for (const dependency of depends) {
      const before = accepted(events, dependency)[0]?.seq ?? Infinity;
      if (given.some((seq) => seq < before))
        find("orderViolations", `${id} began before ${dependency} ended`);
    }
    if (end !== undefined && given.some((seq) => seq > end.seq))
      find("orderViolations", `${id} was given out after its end`);
    const attempts = attemptsOf(events, id);
    if (attempts.some((attempt, index) => index > 0 && attempt <= (attempts[index - 1] ?? 0)))
      find("orderViolations", `attempts of ${id} do not grow: ${attempts.join(", ")}`);
  }
}

const attemptsOf = (events: readonly RunEvent[], stepId: string): number[] =>
  phases(events, stepId, "leased").map(({ change }) => (change.kind === "step" ? change.attempt : 0));

/** All of it for the attempt that was accepted; of the others, what they printed up to some point. */
function judgeLogs({ dag, logs, events }: Evidence, step: MadeStep, find: Find): void {
  if (step.output === undefined) return;
  const expected = Buffer.from(expectedOutput(dag.token, step.id, step.output));
  const [end] = accepted(events, step.id);
  const winner = end?.change.kind === "step" ? end.change.attempt : undefined;
  const pieces = logs.filter(({ stepId, stream }) => stepId === step.id && stream === "stdout");
  const attempts = new Set([
    ...pieces.map(({ attempt }) => attempt),
    ...(winner === undefined ? [] : [winner]),
  ]);
  for (const attempt of attempts) {
    const own = pieces.filter((piece) => piece.attempt === attempt);
    const text = Buffer.concat(own.map(({ data }) => data));
    const wanted = attempt === winner ? expected : expected.subarray(0, text.length);
    const name = `${step.id} attempt ${attempt}${attempt === winner ? " (accepted)" : ""}`;
    if (!wanted.equals(text)) find("logBytesLost", wrongLog(name, wanted, text), missing(wanted, text));
    let offset = 0;
    for (const piece of own) {
      if (piece.offset !== offset) find("logBytesLost", `${name}: a piece at ${piece.offset}, not ${offset}`);
      offset = piece.offset + piece.data.length;
    }
  }
}

function wrongLog(name: string, wanted: Buffer, text: Buffer): string {
  return `${name}: ${text.length} of ${wanted.length} bytes, the same up to ${commonLength(wanted, text)}`;
}

/** Bytes that are not where they should be. */
const missing = (wanted: Buffer, text: Buffer): number =>
  Math.max(1, Math.max(wanted.length, text.length) - commonLength(wanted, text));

function commonLength(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return at;
  return length;
}

/** What a run of chaos found, as the one object that is its last line. */

import { isTerminalRun } from "@haversack/protocol";
import type { FaultReport } from "./faults.ts";
import type { Verdict } from "./judge.ts";
import type { Submitted } from "./load.ts";
import { type Fault, type FaultKind, planDigest } from "./plan.ts";

export interface ChaosReport {
  readonly ok: boolean;
  readonly seed: number;
  readonly minutes: number;
  readonly store: string;
  /** SHA-256 of the plan of faults: the same seed, minutes and store give the same. */
  readonly plan: string;
  /** Faults that were seen to happen. */
  readonly faults_injected: number;
  /** Of those, faults that met running steps. */
  readonly faults_bit: number;
  readonly faults: Readonly<Partial<Record<FaultKind, KindCounts>>>;
  readonly runs_submitted: number;
  readonly runs_completed: number;
  readonly runs_cancelled: number;
  /** Failed because three workers were lost under one step, which is what is promised then. */
  readonly runs_quarantined: number;
  /** Attempts beyond the first of a step. */
  readonly attempts_repeated: number;
  readonly lost: number;
  readonly accepted_twice: number;
  readonly order_violations: number;
  readonly log_bytes_lost: number;
  readonly wrong_ends: number;
  /** Answers to clients that say neither what was asked for nor that it must be asked again. */
  readonly odd_answers: number;
  readonly orphans: number;
  readonly store_check: boolean;
  /** The first of what is wrong, in words. */
  readonly violations: readonly string[];
}

interface KindCounts {
  planned: number;
  happened: number;
  bit: number;
}

export interface ReportParts {
  readonly asked: { readonly seed: number; readonly minutes: number; readonly store: string };
  readonly plan: readonly Fault[];
  readonly faults: readonly FaultReport[];
  readonly submitted: readonly Submitted[];
  readonly verdicts: readonly Verdict[];
  readonly oddAnswers: readonly string[];
  /** Processes of steps that were left when nothing ran any more. */
  readonly orphansAtEnd: number;
  /** The answer of `haversack store check --json`. */
  readonly check: string;
}

const violationsMax = 20;

export function reportOf(parts: ReportParts): ChaosReport {
  const { asked, plan, faults, submitted, verdicts } = parts;
  const sum = (what: Exclude<keyof Verdict, "why">): number =>
    verdicts.reduce((all, verdict) => all + verdict[what], 0);
  const orphansOfFaults = faults.reduce((all, fault) => all + fault.orphans, 0);
  const isCheckOk = /"ok":\s*true/.test(parts.check);
  const counts = {
    lost: sum("lost"),
    accepted_twice: sum("acceptedTwice"),
    order_violations: sum("orderViolations"),
    log_bytes_lost: sum("logBytesLost"),
    wrong_ends: sum("wrongEnds"),
    odd_answers: parts.oddAnswers.length,
    orphans: orphansOfFaults + parts.orphansAtEnd,
  };
  const status = (wanted: string): number => submitted.filter((one) => lastStatus(one) === wanted).length;
  const faultsBit = faults.filter(({ bit }) => bit).length;
  return {
    ok: Object.values(counts).every((count) => count === 0) && isCheckOk && faultsBit > 0,
    seed: asked.seed,
    minutes: asked.minutes,
    store: asked.store.replace(/^postgres.*/, "postgres"),
    plan: planDigest(plan),
    faults_injected: faults.filter(({ happened }) => happened).length,
    faults_bit: faultsBit,
    faults: byKind(plan, faults),
    runs_submitted: submitted.length,
    runs_completed: submitted.filter((one) => isTerminalRun(lastStatus(one))).length,
    runs_cancelled: status("cancelled"),
    runs_quarantined: status("failed"),
    attempts_repeated: submitted.reduce((all, one) => all + repeated(one), 0),
    ...counts,
    store_check: isCheckOk,
    violations: [
      ...verdicts.flatMap(({ why }) => why),
      ...parts.oddAnswers.map((answer) => `a client was answered: ${answer}`),
      ...faults.flatMap(({ fault, orphans, seen }) =>
        orphans === 0 ? [] : [`${orphans} processes outlived ${fault.kind} ${fault.target} (${seen})`],
      ),
      ...(parts.orphansAtEnd === 0 ? [] : [`${parts.orphansAtEnd} processes of steps were left at the end`]),
      ...(isCheckOk ? [] : [`store check: ${parts.check.slice(0, 500)}`]),
      ...(faultsBit > 0 ? [] : ["no fault met running work: this run proves nothing"]),
    ].slice(0, violationsMax),
  };
}

function byKind(
  plan: readonly Fault[],
  faults: readonly FaultReport[],
): Partial<Record<FaultKind, KindCounts>> {
  const counts: Partial<Record<FaultKind, KindCounts>> = {};
  const of = (kind: FaultKind): KindCounts => (counts[kind] ??= { planned: 0, happened: 0, bit: 0 });
  for (const { kind } of plan) of(kind).planned += 1;
  for (const { fault, happened, bit } of faults) {
    if (happened) of(fault.kind).happened += 1;
    if (bit) of(fault.kind).bit += 1;
  }
  return counts;
}

function lastStatus({ events }: Submitted) {
  const last = events.findLast(({ change }) => change.kind === "run");
  return last?.change.kind === "run" ? last.change.status : "queued";
}

const repeated = ({ events }: Submitted): number =>
  events.filter(({ change }) => change.kind === "step" && change.phase === "leased" && change.attempt > 1)
    .length;

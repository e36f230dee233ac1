/** What waits for a person, and the answer that ends it. */

import { FaultError } from "@haversack/base";
import {
  type Answer,
  type Approval,
  type HumanSpec,
  parseDigest,
  parseRunId,
  parseStepId,
  type RunId,
  type StepPhase,
  type StepSpec,
  stepAt,
  type WaitingApproval,
} from "@haversack/protocol";
import { afterAnswer, type HumanEnd, isTooLate } from "../../runs/human.ts";
import { noStep } from "../missing.ts";
import { integer, integerOrNone, jsonOrNone, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";
import { approvalAnswer, approvalGet, approvalsWaiting as waiting } from "../statements/approval.ts";
import type { VerbContext } from "../verb.ts";
import { endHuman, type StepMoment } from "./ask.ts";
import { stepsEnded } from "./end-run.ts";
import { endedStep } from "./ended-step.ts";

interface StepName {
  readonly runId: RunId;
  readonly stepId: string;
}

/** What a human step asks for. Rejects when there is no such step, or it asks nobody. */
export async function questionRead(context: VerbContext, name: StepName): Promise<HumanSpec> {
  return (await humanStep(context, name)).human;
}

async function humanStep({ tx, dags, runs }: VerbContext, { runId, stepId }: StepName) {
  const run = await runs.get(runId);
  const { spec, indexOf } = await dags.get(tx, run.dagDigest);
  const index = indexOf.get(stepId) ?? -1;
  const step = stepAt(spec, index);
  if (step === undefined) throw noStep(runId, stepId);
  if (step.work.kind === "human") return { run, index, human: step.work };
  const message = `step ${stepId} asks nobody: it is of kind ${step.work.kind}, not human`;
  throw new FaultError("invalid", "not_human", message);
}

export interface StepAnswer extends StepName {
  /** Its fields were checked against the form. */
  readonly answer: Answer;
  /** Of the answer. */
  readonly digest: string;
  readonly now: number;
}

/** The first answer counts. The same one again is accepted and changes nothing (L4); another one is a conflict. */
export async function stepAnswer(
  context: VerbContext,
  { answer, digest, now, ...name }: StepAnswer,
): Promise<{ existed: boolean }> {
  const { run, index, human } = await humanStep(context, name);
  const row = await context.tx.one(approvalGet, run.no, index);
  if (row !== undefined && textOrNone(row, "answer_digest") === digest) return { existed: true };
  refuse(name.stepId, row, human, now);
  await endAsked(context, { run, index, now }, afterAnswer(answer), digest);
  return { existed: false };
}

/** Throws unless the step waits for an answer, and it is in time. */
function refuse(stepId: string, row: Row | undefined, { onTimeout }: HumanSpec, now: number): void {
  const step = `step ${stepId}`;
  if (row === undefined) {
    const message = `${step} does not wait for an answer: it has not been asked, or is kept from an earlier run`;
    throw new FaultError("conflict", "not_waiting", message);
  }
  const before = jsonOrNone<Answer>(row, "answer");
  if (before !== undefined) {
    const message = `${step} was ${before.decision} already, by ${before.by}${forWhom(before)}; the first answer counts`;
    throw new FaultError("conflict", "already_answered", message);
  }
  const phase = text(row, "phase") as StepPhase;
  const dueAt = integerOrNone(row, "due_at");
  if (phase === "suspended" && !isTooLate(dueAt, now)) return;
  const why = phase === "cancelled" ? "it was cancelled" : `its time was over; onTimeout is ${onTimeout}`;
  throw new FaultError("conflict", "not_waiting", `${step} does not wait for an answer any more: ${why}`);
}

const forWhom = ({ onBehalfOf }: Answer): string => (onBehalfOf === undefined ? "" : ` for ${onBehalfOf}`);

/** Ends a step that was asked, and what that decides for those behind it. @param digest of an answer that was given */
export async function endAsked(
  context: VerbContext,
  step: StepMoment,
  end: HumanEnd,
  digest = "",
): Promise<void> {
  const { run, index, now } = step;
  if (end.answer !== undefined) {
    await context.tx.run(approvalAnswer, run.no, index, JSON.stringify(end.answer), digest, now);
  }
  const row = await endHuman(context, step, end);
  await stepsEnded(context, { run, now }, [endedStep(index, end.event, row)]);
}

export interface WaitingQuery {
  /** Only behind this one, as an earlier answer named it. */
  readonly after?: Place;
  /** Empty: of every DAG. */
  readonly dagName: string;
  readonly limit: number;
}

export interface Place {
  /** Of the store: runs that came earlier have lower ones. */
  readonly runNo: number;
  readonly index: number;
}

/** Oldest run first. */
export async function approvalsWaiting({ tx, dags }: VerbContext, query: WaitingQuery) {
  const { runNo = 0, index = 0 } = query.after ?? {};
  const found: { readonly place: Place; readonly waiting: WaitingApproval }[] = [];
  for (const row of await tx.all(waiting, runNo, index, query.dagName, query.limit)) {
    const { spec } = await dags.get(tx, parseDigest(text(row, "dag_digest")));
    const place = { runNo: integer(row, "no"), index: integer(row, "idx") };
    const step = stepAt(spec, place.index);
    if (step?.work.kind !== "human") continue;
    const names = {
      runId: parseRunId(text(row, "id")),
      dagName: text(row, "dag_name"),
      stepId: parseStepId(step.id),
    };
    found.push({ place, waiting: { ...names, ...approvalOf(row, step.work, integerOrNone(row, "due_at")) } });
  }
  return found;
}

/** What a step asked, with its answer; undefined: it has not been asked. */
export function answeredOf(row: Row | undefined, step: StepSpec | undefined): Approval | undefined {
  if (row === undefined || step?.work.kind !== "human") return undefined;
  const asked = approvalOf(row, step.work, integerOrNone(row, "due_at"));
  const answer = jsonOrNone<Answer>(row, "answer");
  return answer === undefined ? asked : { ...asked, answer: { ...answer, at: integer(row, "answered_at") } };
}

/** @param row with the columns `prompt` and `asked_at` */
function approvalOf(row: Row, human: HumanSpec, dueAt: number | undefined): Approval {
  const { form, approvers, onTimeout } = human;
  return {
    prompt: text(row, "prompt"),
    ...(form === undefined ? {} : { form }),
    approvers,
    askedAt: integer(row, "asked_at"),
    ...(dueAt === undefined ? {} : { dueAt }),
    onTimeout,
  };
}

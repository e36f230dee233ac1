/** What human steps ask: protobuf ⇄ nouns. */

import { create, type MessageInitShape, type JsonObject as WireJsonObject } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  ApprovalSchema,
  WaitingApprovalSchema,
  type Approval as WireApproval,
  ApprovalDecision as WireDecision,
  type WaitingApproval as WireWaiting,
} from "../gen/haversack/v1/approval_pb.ts";
import type {
  Answer,
  Approval,
  ApprovalDecision,
  TimeoutAction,
  WaitingApproval,
} from "../model/approval.ts";
import { timeoutActions } from "../model/approval.ts";
import { parseRunId, parseStepId } from "../model/ids.ts";
import { inverted } from "./enums.ts";
import { badField, required } from "./fields.ts";

export const decisionToWire = {
  approved: WireDecision.APPROVED,
  rejected: WireDecision.REJECTED,
} as const satisfies Record<ApprovalDecision, WireDecision>;

const decisionOf = inverted<ApprovalDecision>(decisionToWire);

export function decisionFromWire(wire: number): ApprovalDecision {
  const decision = decisionOf(wire);
  if (decision === undefined) throw badField("decision", "APPROVED or REJECTED");
  return decision;
}

export function approvalToWire({ prompt, form, approvers, askedAt, dueAt, onTimeout, answer }: Approval) {
  const init: MessageInitShape<typeof ApprovalSchema> = {
    prompt,
    approvers: [...approvers],
    askedAt: timestampFromMs(askedAt),
    onTimeout,
  };
  if (form !== undefined) init.form = form as WireJsonObject;
  if (dueAt !== undefined) init.dueAt = timestampFromMs(dueAt);
  if (answer !== undefined) init.answer = answerToWire(answer);
  return create(ApprovalSchema, init);
}

function answerToWire({ decision, by, onBehalfOf = "", comment = "", fields, at }: Answer & { at: number }) {
  const said = { decision: decisionToWire[decision], by, onBehalfOf, comment };
  return { ...said, fields: fields as WireJsonObject, at: timestampFromMs(at) };
}

export function approvalFromWire(wire: WireApproval): Approval {
  return {
    prompt: wire.prompt,
    approvers: wire.approvers,
    askedAt: wire.askedAt === undefined ? 0 : timestampMs(wire.askedAt),
    onTimeout: actionOf(wire.onTimeout),
    ...(wire.form === undefined ? {} : { form: wire.form }),
    ...(wire.dueAt === undefined ? {} : { dueAt: timestampMs(wire.dueAt) }),
    ...(wire.answer === undefined ? {} : { answer: answerFromWire(wire.answer) }),
  };
}

function actionOf(text: string): TimeoutAction {
  const action = timeoutActions.find((each) => each === text);
  if (action === undefined) throw badField("approval.on_timeout", `one of ${timeoutActions.join(", ")}`);
  return action;
}

function answerFromWire(wire: NonNullable<WireApproval["answer"]>): Answer & { at: number } {
  return {
    decision: decisionFromWire(wire.decision),
    by: wire.by,
    fields: wire.fields ?? {},
    at: wire.at === undefined ? 0 : timestampMs(wire.at),
    ...(wire.onBehalfOf === "" ? {} : { onBehalfOf: wire.onBehalfOf }),
    ...(wire.comment === "" ? {} : { comment: wire.comment }),
  };
}

export function waitingToWire({ runId, dagName, stepId, ...approval }: WaitingApproval) {
  return create(WaitingApprovalSchema, { runId, dagName, stepId, approval: approvalToWire(approval) });
}

export function waitingFromWire(wire: WireWaiting): WaitingApproval {
  const approval = approvalFromWire(required(wire.approval, "approval"));
  return {
    ...approval,
    runId: parseRunId(wire.runId),
    dagName: wire.dagName,
    stepId: parseStepId(wire.stepId),
  };
}

/** Runs that wait as a client uses them: for an answer of a person, or because somebody paused them. */

import type { JsonObject as WireJsonObject } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { once } from "./calls.ts";
import { wholeRun } from "./client-whole-run.ts";
import type { Answer, WaitingApproval } from "./model/approval.ts";
import type { RunDetail } from "./model/run.ts";
import type { RunService } from "./services.ts";
import { decisionToWire, waitingFromWire } from "./wire/approval-wire.ts";

/** Who answers says the credential. */
export interface AnswerRequest extends Omit<Answer, "by"> {
  readonly runId: string;
  readonly stepId: string;
}

export interface ApprovalFilter {
  readonly dagName?: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
}

/** Every method rejects with a FaultError. */
export interface ApprovalClient {
  /** Ends a human step. @returns `existed`: the same answer had been accepted before */
  answer(request: AnswerRequest, signal: AbortSignal): Promise<{ run: RunDetail; existed: boolean }>;
  /** What waits for a person, over all runs. */
  approvals(
    filter: ApprovalFilter,
    signal: AbortSignal,
  ): Promise<{ approvals: readonly WaitingApproval[]; nextPageToken: string }>;
  /** Starts no further step. @returns `changed`: it was not paused before */
  pauseRun(runId: string, reason: string, signal: AbortSignal): Promise<{ run: RunDetail; changed: boolean }>;
  /** @returns `changed`: it was paused before */
  resumeRun(runId: string, signal: AbortSignal): Promise<{ run: RunDetail; changed: boolean }>;
}

export function approvalClient(client: Client<typeof RunService>): ApprovalClient {
  return {
    async answer({ runId, stepId, decision, fields, comment = "", onBehalfOf = "" }, signal) {
      const said = { decision: decisionToWire[decision], fields: fields as WireJsonObject };
      const request = { runId, stepId, ...said, comment, onBehalfOf };
      const { run, existed } = await once(client.answer(request, { signal }), signal);
      return { run: await wholeRun(client, run, signal), existed };
    },
    async approvals({ pageSize = 0, pageToken = "", dagName = "" }, signal) {
      const request = { pageSize, pageToken, dagName };
      const { approvals, nextPageToken } = await once(client.listApprovals(request, { signal }), signal);
      return { approvals: approvals.map(waitingFromWire), nextPageToken };
    },
    async pauseRun(runId, reason, signal) {
      const { run, changed } = await once(client.pause({ runId, reason }, { signal }), signal);
      return { run: await wholeRun(client, run, signal), changed };
    },
    async resumeRun(runId, signal) {
      const { run, changed } = await once(client.resume({ runId }, { signal }), signal);
      return { run: await wholeRun(client, run, signal), changed };
    },
  };
}

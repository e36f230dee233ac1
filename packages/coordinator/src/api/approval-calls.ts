/** The calls of RunService about runs that wait: for an answer of a person, or because somebody paused them. */

import type { ServiceImpl } from "@connectrpc/connect";
import { FaultError, sortedJson } from "@haversack/base";
import {
  type Answer,
  decisionFromWire,
  parseRunId,
  type RunService,
  type runToWire,
  waitingToWire,
} from "@haversack/protocol";
import { digestOf } from "@haversack/snapshot";
import { type Caller, callerIn } from "../auth/caller.ts";
import { settleFields } from "../dag/form.ts";
import type { Store } from "../store/store.ts";
import { pageLimit } from "./page-size.ts";

export interface ApprovalParts {
  readonly store: Store;
  readonly clock: { readonly now: () => number };
  /** The run as a client sees it. */
  readonly answer: (runId: string) => Promise<ReturnType<typeof runToWire>>;
}

const pageSizeDefault = 50;
const pageSizeMax = 500;
const textCharactersMax = { comment: 4000, on_behalf_of: 200, reason: 500 } as const;

type Calls = Pick<ServiceImpl<typeof RunService>, "answer" | "listApprovals" | "pause" | "resume">;

export function approvalCalls({ store, clock, answer }: ApprovalParts): Calls {
  return {
    async answer({ runId, stepId, decision, fields, comment, onBehalfOf }, context) {
      checkText("comment", comment);
      checkText("on_behalf_of", onBehalfOf);
      const id = parseRunId(runId);
      const caller = callerIn(context.values);
      const { form, approvers } = await store.read.questionRead({ runId: id, stepId });
      requireApprover(stepId, approvers, caller);
      const decided = decisionFromWire(decision);
      const said: Answer = {
        decision: decided,
        by: caller.name,
        ...(onBehalfOf === "" ? {} : { onBehalfOf }),
        ...(comment === "" ? {} : { comment }),
        fields: settleFields(form, fields ?? {}, decided),
      };
      const digest = digestOf(sortedJson(said));
      const { existed } = await store.write.stepAnswer({
        runId: id,
        stepId,
        answer: said,
        digest,
        now: clock.now(),
      });
      return { run: await answer(runId), existed };
    },
    async listApprovals({ pageSize, pageToken, dagName }) {
      const limit = pageLimit(pageSize, pageSizeDefault, pageSizeMax);
      const after = pageToken === "" ? {} : { after: placeOf(pageToken) };
      const found = await store.read.approvalsWaiting({ dagName, limit: limit + 1, ...after });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      const nextPageToken = last === undefined ? "" : `${last.place.runNo}.${last.place.index}`;
      return { approvals: page.map(({ waiting }) => waitingToWire(waiting)), nextPageToken };
    },
    async pause({ runId, reason }) {
      checkText("reason", reason);
      const changed = await store.write.runPause({ id: parseRunId(runId), reason, now: clock.now() });
      return { run: await answer(runId), changed };
    },
    async resume({ runId }) {
      const changed = await store.write.runResume({ id: parseRunId(runId), now: clock.now() });
      return { run: await answer(runId), changed };
    },
  };
}

/** Named in the DAG by the names of tokens; an empty list: whoever may answer at all. Admins always may. */
function requireApprover(stepId: string, approvers: readonly string[], { role, name }: Caller): void {
  if (approvers.length === 0 || role === "admin" || approvers.includes(name)) return;
  const message = `step ${stepId} is to be answered by ${approvers.join(", ")}, or an admin; this token is that of ${name}`;
  throw new FaultError("denied", "not_approver", message);
}

function checkText(field: keyof typeof textCharactersMax, text: string): void {
  const max = textCharactersMax[field];
  if (text.length > max)
    throw new FaultError("invalid", "too_long", `${field} has at most ${max} characters`);
}

function placeOf(token: string) {
  const [, runNo, index] = /^(\d{1,15})\.(\d{1,9})$/.exec(token) ?? [];
  if (runNo !== undefined) return { runNo: Number(runNo), index: Number(index) };
  throw new FaultError(
    "invalid",
    "bad_page_token",
    "page_token is not one that a page of this list ended with",
  );
}

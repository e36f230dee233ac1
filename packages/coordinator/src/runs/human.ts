/** What becomes of a step that asked a person: by the answer, or by there being none. Pure. */

import { formatDuration, type Ms } from "@haversack/base";
import type { Answer, Failure, HumanSpec, JsonObject } from "@haversack/protocol";
import type { StepEvent } from "./step-moves.ts";

/** Instead of a person: nobody answered in time. */
const nobody = "timeout";

export interface HumanEnd {
  readonly event: Extract<StepEvent, "succeeded" | "failed">;
  readonly failure?: Failure;
  readonly outputs: JsonObject;
  /** Absent: there is none. */
  readonly answer?: Answer;
}

/** Whoever comes after the step finds out what was answered, and by whom, whichever way it went. */
export function afterAnswer(answer: Answer): HumanEnd {
  const { decision, by, onBehalfOf, comment, fields } = answer;
  const outputs = {
    ...fields,
    decision,
    by,
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    ...(comment === undefined ? {} : { comment }),
  };
  if (decision === "approved") return { event: "succeeded", outputs, answer };
  const failure = { code: "rejected", message: rejection(answer) };
  return { event: "failed", failure, outputs, answer };
}

function rejection({ by, onBehalfOf, comment }: Answer): string {
  const who = by === nobody ? "nobody answered in time; onTimeout is reject" : `rejected by ${by}`;
  const whom = onBehalfOf === undefined ? "" : ` for ${onBehalfOf}`;
  return `${who}${whom}${comment === undefined ? "" : `: ${comment}`}`;
}

/** Its time is over. */
export function afterSilence({ onTimeout, timeoutMs = 0, fieldsOnTimeout = {} }: HumanSpec): HumanEnd {
  if (onTimeout === "approve")
    return afterAnswer({ decision: "approved", by: nobody, fields: fieldsOnTimeout });
  if (onTimeout === "reject") return afterAnswer({ decision: "rejected", by: nobody, fields: {} });
  const message = `nobody answered within ${formatDuration(timeoutMs)}`;
  return { event: "failed", failure: { code: "approval_timeout", message }, outputs: {} };
}

/** @param dueAt milliseconds since 1970; absent: it waits for ever. On the clock that asked, too late is too late. */
export const isTooLate = (dueAt: Ms | undefined, now: Ms): boolean => dueAt !== undefined && now >= dueAt;

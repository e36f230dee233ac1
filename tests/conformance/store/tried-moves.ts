/** The statements that move steps, each with the event that it stands for. */

import type { StepPhase } from "@haversack/protocol";
import type { StepEvent } from "../../../packages/coordinator/src/runs/step-moves.ts";
import type {
  BulkStatement,
  SqlValue,
  Statement,
} from "../../../packages/coordinator/src/store/statement.ts";
import { stepAnswered } from "../../../packages/coordinator/src/store/statements/approval.ts";
import { stepRefuse, stepStartChild } from "../../../packages/coordinator/src/store/statements/child.ts";
import {
  handlersCancelIdle,
  stepQueueTimeout,
} from "../../../packages/coordinator/src/store/statements/deadline.ts";
import { itemsCancelIdle, itemsRelease } from "../../../packages/coordinator/src/store/statements/item.ts";
import {
  groupEnd,
  groupRefuse,
  groupStart,
} from "../../../packages/coordinator/src/store/statements/item-group.ts";
import { stepsSettle } from "../../../packages/coordinator/src/store/statements/outcome.ts";
import {
  stepsCancelIdle,
  stepsClaim,
  stepsEnd,
  stepsRequeue,
  stepsStart,
} from "../../../packages/coordinator/src/store/statements/step.ts";

export interface Move {
  readonly event: StepEvent;
  readonly args: readonly SqlValue[];
  /** For many rows at once where it is a round trip; else it finds its rows itself. */
  readonly bulk?: BulkStatement;
  readonly single?: Statement;
}

const end = (event: StepEvent): Move => ({
  event,
  bulk: stepsEnd,
  args: [1, 0, 1, event, 9, null, null, "{}", null, 9],
});
const requeue = (event: StepEvent): Move => ({
  event,
  bulk: stepsRequeue,
  args: [1, 0, 1, 0, 0, 0, null, null],
});
const settle = (event: StepEvent, phase: StepPhase): Move => ({
  event,
  bulk: stepsSettle,
  args: [1, 0, phase, 9],
});

/** Whoever adds a statement that moves a step adds it here, with the event that it stands for. */
export const moves: readonly Move[] = [
  settle("released", "ready"),
  settle("skipped", "skipped"),
  settle("blocked", "blocked"),
  { event: "claimed", bulk: stepsClaim, args: [1, 0, "w", "b", "g", 99, 9, 0, 1] },
  { event: "started", bulk: stepsStart, args: [1, 0, 1, "g", "w", 9] },
  requeue("returned"),
  requeue("retried"),
  requeue("lost"),
  end("succeeded"),
  end("failed"),
  end("cancelled"),
  { event: "cancelled", single: stepsCancelIdle, args: [1, 9] },
  { event: "opened", single: groupStart, args: [1, 0, 9] },
  { event: "failed", single: groupRefuse, args: [1, 0, 9, "{}"] },
  ...(["succeeded", "failed", "cancelled"] as const).map((phase) => {
    return { event: phase, single: groupEnd, args: [1, 0, phase, 9, null, "{}"] };
  }),
  { event: "begun", single: stepStartChild, args: [1, 0, 1, 9, 0] },
  { event: "refused", single: stepRefuse, args: [1, 0, 1, 9, "{}"] },
  settle("asked", "suspended"),
  ...(["succeeded", "failed"] as const).map((phase) => {
    return { event: phase, single: stepAnswered, args: [1, 0, phase, 9, null, "{}"] };
  }),
  { event: "failed", single: stepQueueTimeout, args: [1, 0, 7, 9, "{}"] },
  { event: "cancelled", single: handlersCancelIdle, args: [1, 9] },
  { event: "released", single: itemsRelease, args: [1, 0, 5, 10] },
  { event: "cancelled", single: itemsCancelIdle, args: [1, 0, 5, 9] },
];

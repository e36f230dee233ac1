/** What a run that waits looks like, what is due in it, and what becomes of an answer. */

import type { ApprovalDecision, RunStatus } from "@haversack/protocol";
import { never, type RefDeadline, type RefStep } from "./reference-nouns.ts";

export const isEnded = (status: RunStatus): boolean => status !== "queued" && status !== "running";

interface Waiting {
  readonly steps: readonly RefStep[];
  readonly now: number;
  readonly dueAt: number;
}

export function dueOf({ steps, now, dueAt }: Waiting): RefDeadline[] {
  const due = steps.flatMap((each, step): RefDeadline[] =>
    (each.phase === "ready" || each.phase === "suspended") && each.dueAt <= now
      ? [{ step, due: each.dueAt }]
      : [],
  );
  return dueAt <= now ? [{ step: "run", due: dueAt }, ...due] : due;
}

interface Told {
  /** Whether it had been given before, or the code of its refusal; false: it counts. */
  readonly answer: boolean | "not_waiting" | "already_answered";
  readonly seen?: string;
}

export function answerTo(step: RefStep, decision: ApprovalDecision, now: number): Told {
  if (step.answer === decision) return { answer: true, seen: "answered twice" };
  if (step.answer === "silence") return { answer: "already_answered" };
  if (step.answer !== undefined) return { answer: "already_answered", seen: "another answer" };
  if (step.phase !== "suspended") return { answer: "not_waiting" };
  return step.dueAt <= now ? { answer: "not_waiting", seen: "too late" } : { answer: false };
}

interface Seen extends Waiting {
  readonly status: RunStatus;
  readonly cancelRequested: boolean;
  readonly isPaused: boolean;
  readonly events: number;
}

/** As a reader of the store sees it. */
export function pictureOf({ status, cancelRequested, isPaused, dueAt, events, steps }: Seen): string {
  const each = steps.map(({ spec, phase, attempt }) => `${spec.id}=${phase}#${attempt}`);
  const due = dueAt === never ? undefined : dueAt;
  return [status, cancelRequested, isPaused, due, events, ...each].join(" ");
}

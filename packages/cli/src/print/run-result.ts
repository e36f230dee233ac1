/** How a run ended, for people: the result, what went wrong and where to look next. */

import type { RunDetail, Step } from "@haversack/protocol";
import { elapsed } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { printable, printableLines } from "./printable.ts";

/** The command as a reader in the checkout would type it. */
export const commandName = "npx haversack";

/** @param tail the last log lines of the step that failed first */
export function runResult(run: RunDetail, tail: readonly string[], paint: Paint): string {
  const time = elapsed(run.createdAt, run.endedAt, run.endedAt ?? run.createdAt);
  const lines = [
    `${paint.status(run.status, headline[run.status])} ${paint.strong(printable(run.dagName))} in ${time}`,
  ];
  const failed = failedStep(run);
  if (failed !== undefined) lines.push(...failedLines(failed, tail, paint));
  else if (run.status === "failed")
    lines.push(`  ${paint.bad(printableLines(run.failure?.message ?? "no reason is known", 4))}`);
  return `${lines.join("\n")}\n`;
}

const headline = {
  queued: "queued:",
  running: "still running:",
  succeeded: "✓ succeeded:",
  failed: "✗ failed:",
  cancelled: "■ cancelled:",
} as const;

/** The first step that failed by itself. */
export function failedStep(run: RunDetail): Step | undefined {
  return run.steps
    .filter((step) => step.phase === "failed")
    .toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0))[0];
}

function failedLines(step: Step, tail: readonly string[], paint: Paint): string[] {
  const what =
    step.failure === undefined ? "no reason is known" : `${step.failure.message} (${step.failure.code})`;
  const lines = [`  step ${paint.strong(step.id)}: ${paint.bad(printableLines(what, 4))}`];
  if (tail.length > 0)
    lines.push(paint.faint("  its last log lines:"), ...tail.map((line) => `    ${printable(line)}`));
  return lines;
}

/** @param flags such as ` --data elsewhere` */
export function whereNext(run: RunDetail, flags: string, paint: Paint): string {
  const failed = failedStep(run);
  const logs = failed === undefined ? run.id : `${run.id} ${failed.id}`;
  return [
    `  ${paint.faint("all about it:")}  ${commandName} show ${run.id}${flags}`,
    `  ${paint.faint("its logs:")}      ${commandName} logs ${logs}${flags}`,
    "",
  ].join("\n");
}

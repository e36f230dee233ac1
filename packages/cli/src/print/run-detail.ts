/** `haversack show`: one run, for people. */

import type { Artifact, JsonObject, RunDetail, RunId, Step } from "@haversack/protocol";
import { countsProgress } from "../follow/items-picture.ts";
import { approvalText, asksText } from "./approval-text.ts";
import { bytes, elapsed, moment } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { clip, printable, printableInOne, printableLines } from "./printable.ts";
import { commandName } from "./run-result.ts";
import { indented, type Placed, stepTree } from "./run-tree.ts";
import { triggerText } from "./schedule-text.ts";
import { table } from "./table.ts";

const valueColumnsMax = 100;

/** @param children runs of its `dag` steps, and of theirs */
export function runDetail(
  run: RunDetail,
  now: number,
  paint: Paint,
  children: ReadonlyMap<RunId, RunDetail> = new Map(),
): string {
  const head: [string, string][] = [
    ["run", run.id],
    ["DAG", `${printable(run.dagName)}  ${paint.faint(run.dagDigest)}`],
    ["status", paint.status(run.status, run.status) + (run.cancelRequested ? " (cancel requested)" : "")],
    ...pauseLines(run),
    ...(run.retryOf === undefined ? [] : [["retry of", run.retryOf] satisfies [string, string]]),
    ...parentLine(run),
    ...triggerLine(run),
    ...labelLine(run),
    ["submitted", moment(run.createdAt)],
    ["took", elapsed(run.startedAt, run.endedAt, now) || "has not started"],
  ];
  if (run.failure !== undefined) head.push(["failure", paint.bad(printableLines(run.failure.message, 11))]);
  const parts = [head.map(([name, value]) => `${name.padEnd(10)} ${value}`).join("\n")];
  parts.push(
    values("parameters", run.params, paint),
    stepTable(stepTree(run, children), now, paint).trimEnd(),
  );
  parts.push(values("outputs", run.outputs ?? {}, paint));
  parts.push(...run.steps.map((step) => stepExtras(run.id, step, paint)));
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function parentLine({ parent }: RunDetail): [string, string][] {
  return parent === undefined ? [] : [["child of", `${parent.runId}/${parent.stepId}`]];
}

function pauseLines({ paused, dueAt }: RunDetail): [string, string][] {
  const lines: [string, string][] = [];
  if (paused !== undefined) {
    const why = paused.reason === "" ? "" : `: ${printable(paused.reason)}`;
    lines.push(["paused", `since ${moment(paused.at)}${why}`]);
  }
  if (dueAt !== undefined) lines.push(["time limit", moment(dueAt)]);
  return lines;
}

function triggerLine({ trigger }: RunDetail): [string, string][] {
  const text = trigger === undefined ? undefined : triggerText(trigger);
  return text === undefined ? [] : [["started by", text]];
}

function labelLine({ labels = {} }: RunDetail): [string, string][] {
  const text = Object.entries(labels).map(([name, value]) => printable(`${name}=${value}`));
  return text.length === 0 ? [] : [["labels", text.join(", ")]];
}

function stepTable(steps: readonly Placed<Step>[], now: number, paint: Paint): string {
  const rows = steps.map(({ of: step, level }) => [
    indented(step.id, level),
    step.kind,
    paint.phase(step.phase, step.phase),
    step.attempt === 0 ? "" : String(step.attempt),
    elapsed(step.startedAt, step.endedAt, now),
    printable(step.workerName ?? ""),
    clip(
      printableInOne(
        step.failure?.message ?? items(step) ?? waits(step) ?? skipped(step) ?? childRun(step) ?? usage(step),
      ),
      valueColumnsMax,
    ),
  ]);
  return table(["STEP", "KIND", "STATE", "ATTEMPT", "TOOK", "WORKER", "REMARK"], rows);
}

function waits({ phase, waitingFor, approval }: Step): string | undefined {
  return phase === "suspended" && approval !== undefined ? asksText(approval) : waitingFor;
}

function skipped({ phase, condition }: Step): string | undefined {
  return phase === "skipped" && condition !== undefined ? `if ${condition}` : undefined;
}

function childRun({ childRunId }: Step): string | undefined {
  return childRunId === undefined ? undefined : `run ${childRunId}`;
}

function items(step: Step): string | undefined {
  if (step.items === undefined) return undefined;
  const parts = [countsProgress(step.items), step.waitingFor ?? skipped(step) ?? ""];
  return parts.filter((part) => part !== "").join("; ");
}

function usage({ usage }: Step): string {
  if (usage === undefined) return "";
  const { turns, toolCalls, inputTokens, outputTokens } = usage;
  return `${turns} turns, ${toolCalls} tool calls, ${inputTokens} + ${outputTokens} tokens`;
}

function stepExtras(runId: string, step: Step, paint: Paint): string {
  const snapshot = step.snapshotDigest === undefined ? "" : `  snapshot  ${step.snapshotDigest}`;
  const parts = [
    question(runId, step, paint),
    values(`outputs of ${step.id}`, step.outputs, paint),
    step.artifacts.length === 0 ? "" : artifacts(step.id, step.artifacts, paint),
    snapshot === "" ? "" : `${paint.strong(`snapshot of ${step.id}`)}\n${snapshot}`,
    step.memory === undefined ? "" : `${paint.strong(`memory of ${step.id}`)}\n  ${memory(step.memory)}`,
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function question(runId: string, { id, phase, approval }: Step, paint: Paint): string {
  return approval === undefined ? "" : approvalText({ id, approval, runId }, phase, paint);
}

function memory({ applied, inReview }: NonNullable<Step["memory"]>): string {
  const noted = `${applied} noted`;
  if (inReview === 0) return noted;
  return `${noted}, ${inReview} ${inReview === 1 ? "waits" : "wait"} for review (${commandName} memory review)`;
}

function values(title: string, object: JsonObject, paint: Paint): string {
  const lines = Object.entries(object).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `  ${printable(name)}  ${clip(printable(text), valueColumnsMax)}`;
  });
  return lines.length === 0 ? "" : `${paint.strong(title)}\n${lines.join("\n")}`;
}

function artifacts(stepId: string, list: readonly Artifact[], paint: Paint): string {
  const lines = list.map(
    ({ path, size, digest }) => `  ${printable(path)}  ${bytes(size)}  ${paint.faint(digest)}`,
  );
  return `${paint.strong(`artifacts of ${stepId}`)}\n${lines.join("\n")}`;
}

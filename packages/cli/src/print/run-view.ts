/** The live view of a run as lines of text: pure. */

import { isTerminalStep, type StepPhase } from "@haversack/protocol";
import { itemsProgress } from "../follow/items-picture.ts";
import { isExcused, type RunPicture, type StepPicture } from "../follow/run-picture.ts";
import { elapsed } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { clip, printable, widthOf } from "./printable.ts";

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
}

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const spinEachMs = 120;
const marks = {
  waiting: "·",
  ready: "○",
  leased: "○",
  running: "●",
  succeeded: "✓",
  failed: "✗",
  cancelled: "■",
  blocked: "–",
  skipped: "↷",
  suspended: "?",
} as const satisfies Record<StepPhase, string>;
/** Lines that are not steps: the head, what is left out, and the line of the cursor. */
const otherLinesCount = 3;
const timeColumns = 7;
const idColumnsMax = 28;

export function runView(picture: RunPicture, now: number, size: ViewSize, paint: Paint): string[] {
  const shown = chooseSteps(picture.steps, Math.max(1, size.rows - otherLinesCount));
  const idColumns = Math.min(idColumnsMax, Math.max(...shown.map((step) => widthOf(step.id)), 4));
  const lines = shown.map((step) => stepLine(step, picture, now, { ...size, idColumns }, paint));
  const left = picture.steps.length - shown.length;
  if (left > 0) lines.push(paint.faint(clip(`  … and ${left} more steps`, size.columns)));
  return [headLine(picture, now, size.columns, paint), ...lines];
}

function headLine(picture: RunPicture, now: number, columns: number, paint: Paint): string {
  const done = picture.steps.filter((step) => isTerminalStep(step.phase)).length;
  const status = statusText(picture);
  const time = elapsed(picture.createdAt, picture.endedAt, now);
  const name = clip(printable(picture.dagName), idColumnsMax);
  const room = columns - widthOf(name) - 2 - status.length;
  const skipped = picture.steps.filter((step) => step.phase === "skipped").length;
  const count = `${done}/${picture.steps.length} steps${skipped === 0 ? "" : `, ${skipped} skipped`}`;
  const rest = clip(`  ${picture.id}  ${count}  ${time}`, room);
  return `${paint.strong(name)}  ${paint.status(picture.status, status)}${paint.faint(rest)}`;
}

function statusText({ status, cancelRequested, paused, endedAt }: RunPicture): string {
  if (endedAt !== undefined) return status;
  if (cancelRequested) return "being cancelled";
  return paused === true ? `${status}, paused` : status;
}

/** When there are more steps than rows: what moves or failed first, then the rest, in the order of the file. */
function chooseSteps(steps: readonly StepPicture[], countMax: number): readonly StepPicture[] {
  if (steps.length <= countMax) return steps;
  const weight = (step: StepPicture): number => importance[step.phase];
  const chosen = new Set(steps.toSorted((a, b) => weight(b) - weight(a)).slice(0, countMax));
  return steps.filter((step) => chosen.has(step));
}

const importance = {
  failed: 4,
  suspended: 4,
  running: 3,
  leased: 3,
  ready: 2,
  cancelled: 2,
  waiting: 1,
  blocked: 1,
  skipped: 0,
  succeeded: 0,
} as const satisfies Record<StepPhase, number>;

function stepLine(
  step: StepPicture,
  picture: RunPicture,
  now: number,
  { columns, idColumns }: ViewSize & { idColumns: number },
  paint: Paint,
): string {
  const mark =
    step.phase === "running"
      ? (spinner[Math.floor(now / spinEachMs) % spinner.length] ?? "●")
      : marks[step.phase];
  const id = clip(step.id, idColumns);
  const time = elapsed(step.startedAt, step.endedAt, now).padStart(timeColumns);
  const head = `  ${paint.phase(step.phase, mark)} ${id}${" ".repeat(idColumns - widthOf(id))} ${time}`;
  const room = columns - (2 + 2 + idColumns + 1 + timeColumns) - 3;
  return `${head}  ${paintedRemark(step, picture, room, paint)}`.trimEnd();
}

function paintedRemark(step: StepPicture, picture: RunPicture, columns: number, paint: Paint): string {
  const text = clip(printable(remark(step, picture)), Math.max(0, columns));
  return step.phase === "failed" && !isExcused(step) ? paint.bad(text) : paint.faint(text);
}

function remark(step: StepPicture, picture: RunPicture): string {
  const again = step.attempt > 1 ? `attempt ${step.attempt}: ` : "";
  switch (step.phase) {
    case "waiting":
      return waitsFor(step, picture);
    case "ready":
      return `${again}${step.waitingFor ?? (step.kind === "dag" ? "its run starts" : "waits for a worker")}`;
    case "leased":
      return `${again}starts${step.workerName === undefined ? "" : ` on ${step.workerName}`}`;
    case "running":
    case "succeeded":
      return `${again}${[progress(step), step.waitingFor ?? step.lastLine ?? childRun(step)].filter((part) => part !== "").join("  ")}`;
    case "failed":
    case "cancelled":
      return `${excuse(step)}${firstLine(step.failure?.message ?? step.phase)}`;
    case "blocked":
      return "did not run: a step before it did not succeed";
    case "skipped":
      return skipReason(step);
    case "suspended":
      return step.waitingFor ?? "waits for a person";
    default:
      return step.phase satisfies never;
  }
}

const childRun = ({ childRunId }: StepPicture): string =>
  childRunId === undefined ? "" : `run ${childRunId}`;
const progress = ({ items }: StepPicture): string => (items === undefined ? "" : itemsProgress(items));

function skipReason({ handler, condition }: StepPicture): string {
  if (condition !== undefined) return `skipped: its \`if\` was false: ${firstLine(condition)}`;
  return handler === undefined ? "skipped" : `skipped: its ${handler} did not come`;
}

const excuse = (step: StepPicture): string => (isExcused(step) ? "failed, the run goes on: " : "");

function waitsFor(step: StepPicture, picture: RunPicture): string {
  const open = picture.steps.filter((each) => step.depends.includes(each.id) && !isTerminalStep(each.phase));
  if (step.handler !== undefined) return `${step.handler}: runs when the steps have ended`;
  return open.length === 0 ? "" : `waits for ${open.map((each) => each.id).join(", ")}`;
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

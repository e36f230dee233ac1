/** Stored DAGs and schedules for people. */

import type {
  BackfilledTick,
  RunTrigger,
  ScheduleInfo,
  ScheduleTick,
  StoredDagInfo,
} from "@haversack/protocol";
import { moment } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { clip, printable, printableInOne } from "./printable.ts";
import { table } from "./table.ts";

const detailColumnsMax = 100;
const brushes = {
  started: "good",
  queued: "busy",
  skipped: "faint",
  missed: "bad",
  failed: "bad",
} as const satisfies Record<ScheduleTick["outcome"], string>;

export function dagTable(dags: readonly StoredDagInfo[], paint: Paint): string {
  const rows = dags.map(({ name, schedules, putAt, fileName, digest }) => [
    name,
    schedules === 0 ? "" : String(schedules),
    moment(putAt),
    printable(fileName),
    paint.faint(digest),
  ]);
  return table(["NAME", "SCHEDULES", "STORED", "FILE", "DIGEST"], rows);
}

export function schedulesText(schedules: readonly ScheduleInfo[], paint: Paint): string {
  return schedules.map((schedule) => scheduleText(schedule, paint)).join("\n");
}

function scheduleText(schedule: ScheduleInfo, paint: Paint): string {
  const { dagName, index, cron, timezone, catchUp, overlap, next, paused, ticks, queued } = schedule;
  const policy = paint.faint(`(${timezone}, catchUp: ${catchUp}, overlap: ${overlap})`);
  const lines = [`${paint.strong(`${dagName}/${index}`)}  ${printable(cron)}  ${policy}`];
  if (paused !== undefined) {
    const why = paused.note === "" ? "" : `: ${printable(paused.note)}`;
    lines.push(`  ${paint.bad(`paused since ${moment(paused.at)}${why}`)}`);
  } else lines.push(`  next    ${next.map(moment).join(", ") || "never again"}`);
  if (queued > 0)
    lines.push(`  ${paint.busy(queued === 1 ? "1 time waits" : `${queued} times wait`)} for earlier runs`);
  lines.push(...ticks.map((tick) => `  ${tickText(tick, paint)}`));
  return `${lines.join("\n")}\n`;
}

function tickText({ due, outcome, runId, detail }: ScheduleTick, paint: Paint): string {
  const what = runId ?? clip(printableInOne(detail), detailColumnsMax);
  return `${moment(due)}  ${paint[brushes[outcome]](outcome.padEnd(7))}  ${what}`;
}

export function backfilledText(ticks: readonly BackfilledTick[], paint: Paint): string {
  return ticks
    .map((tick) => `${tickText(tick, paint)}${tick.existed ? paint.faint("  (was there)") : ""}\n`)
    .join("");
}

/** Undefined: nothing worth a line. */
export function triggerText({ kind, schedule, due }: RunTrigger): string | undefined {
  if (kind === "manual" || kind === "retry" || due === undefined) return undefined;
  const which = schedule === undefined || schedule === 0 ? "" : ` ${schedule}`;
  return `${kind}${which}, for ${moment(due)}`;
}

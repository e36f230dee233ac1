/** Images as text: a line with a bar of true bytes, a table, JSON. Nothing is made up: what is not known has no bar. */

import { formatDuration } from "@haversack/base";
import type { ImageList, ImageProgress, ImageStatus, WorkerImage } from "@haversack/protocol";
import { bytes, moment } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { printable, printableInOne } from "./printable.ts";
import { table } from "./table.ts";

const barWidth = 24;

/** `w-7  base 2026.11.1  downloading  [###########             ]  49 %  48 MiB of 97 MiB  8.0 MiB/s  7s left`. */
export function imageLine({ workerName, status, lost }: WorkerImage, withBar: boolean): string {
  const { percent } = status.progress ?? {};
  const bar = withBar && percent !== undefined ? [barOf(percent)] : [];
  const parts = [
    printable(workerName),
    nameOf(status),
    stateText(status, lost),
    ...bar,
    progressText(status.progress),
  ];
  return [...parts, whyText(status)].filter((part) => part !== "").join("  ");
}

/** Of several images at once, as much as one line takes. */
export function imagesLine(images: readonly WorkerImage[]): string {
  const each = images.map(({ workerName, status, lost }) => {
    const { percent } = status.progress ?? {};
    const far = percent === undefined ? stateText(status, lost) : `${percent} %`;
    return `${printable(workerName)} ${far}`;
  });
  return each.join(" · ");
}

function barOf(percent: number): string {
  const full = Math.floor((Math.min(100, percent) * barWidth) / 100);
  return `[${"#".repeat(full)}${" ".repeat(barWidth - full)}]`;
}

function nameOf({ ref, stamp }: ImageStatus): string {
  return printable(stamp === undefined ? ref : `${ref} ${stamp}`);
}

function stateText({ state }: ImageStatus, lost: boolean): string {
  return lost ? `${state} (worker away)` : state;
}

function progressText(progress: ImageProgress | undefined): string {
  if (progress === undefined) return "";
  const { unit, done, total, percent, bytesPerSecond, etaSeconds } = progress;
  if (unit === "layers") return done === undefined || total === undefined ? "" : `${done} of ${total} layers`;
  const parts = percent === undefined ? [] : [`${percent} %`];
  if (done !== undefined)
    parts.push(total === undefined ? `${bytes(done)} so far` : `${bytes(done)} of ${bytes(total)}`);
  if (bytesPerSecond !== undefined) parts.push(`${bytes(bytesPerSecond)}/s`);
  if (etaSeconds !== undefined) parts.push(`${formatDuration(etaSeconds * 1000)} left`);
  return parts.join("  ");
}

function whyText({ state, why, failure, cancelledBy }: ImageStatus): string {
  if (state === "cancelled" && cancelledBy !== undefined) return `by ${printable(cancelledBy)}`;
  if (failure !== undefined && state === "failed") return failureText(failure);
  return why === undefined ? "" : printableInOne(why);
}

export function failureText({ code, message, hint, retryAt }: NonNullable<ImageStatus["failure"]>): string {
  const again = retryAt === undefined ? "" : `; tried again at ${moment(retryAt)}`;
  const advice = hint === "" ? "" : ` (${printableInOne(hint)})`;
  return `${printable(code)}: ${printableInOne(message)}${advice}${again}`;
}

export function imageTable({ images, engines, base }: ImageList, paint: Paint): string {
  const known =
    base === undefined ? "the coordinator knows no base image\n" : `base image ${printable(base.stamp)}\n`;
  const rows = images.map(({ workerName, status, lost, observedAt }) => [
    printable(workerName),
    lost ? paint.bad(stateText(status, lost)) : status.state === "ready" ? paint.good("ready") : status.state,
    nameOf(status),
    printable(status.arch ?? ""),
    [progressText(status.progress), whyText(status)].filter((part) => part !== "").join("  "),
    moment(lost ? observedAt : status.since),
    paint.faint(status.digest.slice(0, 19)),
  ]);
  const said = new Set<string>(images.map(({ workerId }) => workerId));
  for (const [id, engine] of engines)
    if (!said.has(id))
      rows.push([
        printable(id),
        "",
        "",
        printable(engine?.arch ?? ""),
        engine === undefined ? "no container engine" : "no image yet",
      ]);
  if (rows.length === 0) return `${known}no worker has said anything of its images\n`;
  return known + table(["WORKER", "STATE", "IMAGE", "ARCH", "PROGRESS", "SINCE", "DIGEST"], rows);
}

export function transitionTable(transitions: readonly ImageStatus[]): string {
  const rows = transitions.map((status) => [
    moment(status.since),
    status.state,
    status.attempt === 0 ? "" : String(status.attempt),
    printable(status.cause ?? ""),
    [...(status.stamp === undefined ? [] : [printable(status.stamp)]), whyText(status)].join("  "),
  ]);
  return table(["AT", "STATE", "ATTEMPT", "CAUSE", "WHAT"], rows);
}

const time = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

/** Public, documented in docs/operations.md. */
export function imageJson({ status, observedAt, bootId: _b, ...image }: WorkerImage): object {
  return { ...image, observedAt: time(observedAt), ...statusJson(status) };
}

export function statusJson({ since, failure, ...status }: ImageStatus): object {
  const failed = failure === undefined ? {} : { failure: { ...failure, retryAt: time(failure.retryAt) } };
  return { ...status, since: time(since), ...failed };
}

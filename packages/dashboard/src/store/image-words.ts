/** Images in words: states, figures, what can be asked of one. Pure. */

import { formatDuration } from "@haversack/base";
import {
  type ImageProgress,
  type ImageState,
  imageStatesInFlight,
  type WorkerImage,
} from "@haversack/protocol";
import type { Tone } from "./tone.ts";

export const stateNames = {
  unknown: "unknown",
  absent: "absent",
  disabled: "disabled",
  unsupported: "unsupported",
  queued: "queued",
  resolving: "resolving",
  downloading: "downloading",
  verifying: "verifying",
  importing: "importing",
  ready: "ready",
  failed: "failed",
  cancelled: "cancelled",
} as const satisfies Record<ImageState, string>;

export const stateTones = {
  unknown: "warn",
  absent: "quiet",
  disabled: "quiet",
  unsupported: "warn",
  queued: "busy",
  resolving: "busy",
  downloading: "busy",
  verifying: "busy",
  importing: "busy",
  ready: "good",
  failed: "bad",
  cancelled: "quiet",
} as const satisfies Record<ImageState, Tone>;

/** `512 B`, `3.4 MB`, `101 MB`: as publishers and registries count, in powers of ten. */
export function bytesText(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** The figures that there are, nothing made up: `49 %`, `50.3 MB of 101 MB`, `8.4 MB/s`, `7s left`. */
export function figures(progress: ImageProgress | undefined): readonly string[] {
  if (progress === undefined || progress.unit === "none") return [];
  const { unit, done, total, percent, bytesPerSecond, etaSeconds } = progress;
  if (unit === "layers") {
    if (done === undefined) return [];
    return [total === undefined ? `${done} layers` : `${done} of ${total} layers`];
  }
  const told = percent === undefined ? [] : [`${percent} %`];
  if (done !== undefined)
    told.push(
      total === undefined ? `${bytesText(done)} so far` : `${bytesText(done)} of ${bytesText(total)}`,
    );
  if (bytesPerSecond !== undefined) told.push(`${bytesText(bytesPerSecond)}/s`);
  if (etaSeconds !== undefined) told.push(`${etaText(etaSeconds)} left`);
  return told;
}

/** Of a worker that is away: how far it had come, and no speed. */
export function lastFigures(progress: ImageProgress | undefined): readonly string[] {
  if (progress === undefined) return [];
  const { bytesPerSecond: _b, etaSeconds: _e, ...far } = progress;
  return figures(far);
}

/** `7s`, `2m05s`. */
const etaText = (seconds: number): string => (seconds < 60 ? `${seconds}s` : formatDuration(seconds * 1000));

/** What the bar says to who hears it; there is always something to say. */
export const barText = ({ status: { state, progress } }: WorkerImage): string =>
  [stateNames[state], ...figures(progress)].join(", ");

/** A bar is shown while something moves; without figures of the server it has no length. */
export const hasBar = ({ status }: WorkerImage): boolean => imageStatesInFlight.has(status.state);

/** Of the server alone. A count of layers is no length. */
export function barPercent({ status: { progress } }: WorkerImage): number | undefined {
  return progress?.unit === "layers" ? undefined : progress?.percent;
}

/**
 * Figures of a download never go back within an attempt, whatever the worker says: who looks on would take it for another
 * download. Pure.
 */

import { type ImageProgress, type ImageStatus, isInFlight } from "@haversack/protocol";

/** The most that was told in an attempt. */
export interface HighWater {
  readonly attempt: number;
  readonly percent?: number;
  /** What `done` counts. */
  readonly meter?: string;
  readonly done?: number;
}

/** @returns the status as it is to be told, and the mark from now on; undefined: nothing is in flight */
export function raised(
  before: HighWater | undefined,
  status: ImageStatus,
): { readonly status: ImageStatus; readonly mark: HighWater | undefined } {
  const mark = before?.attempt === status.attempt ? before : { attempt: status.attempt };
  if (!isInFlight(status)) return { status: atRest(mark, status), mark: undefined };
  if (status.progress === undefined) return { status, mark };
  const progress = ahead(mark, status.progress, status.state);
  const { percent = mark.percent, done } = progress;
  const meter = done === undefined ? mark.meter : meterOf(progress, status.state);
  const most = done ?? mark.done;
  const next = {
    attempt: mark.attempt,
    ...(percent === undefined ? {} : { percent }),
    ...(meter === undefined ? {} : { meter }),
    ...(most === undefined ? {} : { done: most }),
  };
  return { status: { ...status, progress }, mark: next };
}

/** What is there has no figures any more; how far a failure came may be told. */
function atRest(mark: HighWater, { progress, ...status }: ImageStatus): ImageStatus {
  if (progress === undefined || status.state === "ready") return status;
  return { ...status, progress: ahead(mark, progress, status.state) };
}

function ahead(mark: HighWater, progress: ImageProgress, state: string): ImageProgress {
  const { percent, done } = progress;
  const sameMeter = mark.meter === meterOf(progress, state);
  return {
    ...progress,
    ...(percent === undefined ? {} : { percent: Math.max(mark.percent ?? 0, percent) }),
    ...(done === undefined || !sameMeter ? {} : { done: Math.max(mark.done ?? 0, done) }),
  };
}

/** Bytes of a download and bytes of a check are not the same. */
const meterOf = ({ unit, total }: ImageProgress, state: string): string => `${state} ${unit} ${total}`;

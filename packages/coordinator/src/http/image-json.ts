/** Images as plain HTTP tells them: sizes are numbers, what is not known is null. */

import { createHash } from "node:crypto";
import type { ImageEvent, ImageProgress, ImageStatus, WorkerImage } from "@haversack/protocol";

const orNull = <T>(value: T | undefined): T | null => value ?? null;
const time = (ms: number): string => new Date(ms).toISOString();

export function snapshotJson({ workerId, status, lost, observedAt }: WorkerImage) {
  const { digest, ref, stamp, arch, state, why, attempt, method, cause, asked, cancelledBy, seq, since } =
    status;
  return {
    worker: workerId,
    ref,
    digest,
    stamp: orNull(stamp),
    arch: orNull(arch),
    state,
    why: orNull(why),
    attempt,
    method: orNull(method),
    cause: orNull(cause),
    asked,
    progress: progressJson(status.progress),
    failure: failureJson(status),
    cancelledBy: orNull(cancelledBy),
    seq,
    since: time(since),
    lost,
    observedAt: time(observedAt),
  };
}

/** The data of a frame. */
export function eventJson({ kind, image }: ImageEvent): object {
  const { digest, attempt, seq, state, progress } = image.status;
  if (kind === "snapshot") return snapshotJson(image);
  if (kind === "progress") return { digest, attempt, seq, progress: progressJson(progress) };
  return { digest, state, attempt, failure: failureJson(image.status), seq };
}

/** Names an event of a worker's process, whichever coordinator tells it. */
export const eventId = ({ bootId, status }: Pick<WorkerImage, "bootId" | "status">): string =>
  `${createHash("sha256").update(bootId).digest("hex").slice(0, 8)}-${status.seq}`;

function progressJson(progress: ImageProgress | undefined) {
  if (progress === undefined) return null;
  const { unit, done, total, percent, bytesPerSecond, etaSeconds } = progress;
  return {
    unit,
    done: orNull(done),
    total: orNull(total),
    percent: orNull(percent),
    bytesPerSecond: orNull(bytesPerSecond),
    etaSeconds: orNull(etaSeconds),
  };
}

function failureJson({ failure }: ImageStatus) {
  if (failure === undefined) return null;
  const { code, message, hint, retryAt } = failure;
  return { code, message, hint, retryAt: retryAt === undefined ? null : time(retryAt) };
}

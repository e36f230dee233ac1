/** What is heard of an image, against what is known of it. Pure. */

import { isNewer, type WorkerImage } from "@haversack/protocol";

/** The same object as `known`: what was heard is behind the times. */
export function mergeImage(known: WorkerImage | undefined, heard: WorkerImage): WorkerImage {
  if (known === undefined) return heard;
  const isSame = known.bootId === heard.bootId && known.status.seq === heard.status.seq;
  if (isSame && known.lost === heard.lost) return known;
  if (!isNewer(heard, known)) return known;
  return isSameTry(known, heard) ? withoutStepBack(known, heard) : heard;
}

/** One stay in one state: an operator's pull begins with attempt 1 again, but not at the same time. */
const isSameTry = (a: WorkerImage, b: WorkerImage): boolean =>
  a.bootId === b.bootId &&
  a.status.attempt === b.status.attempt &&
  a.status.state === b.status.state &&
  a.status.since === b.status.since;

/** Within a try a bar does not move back, whoever counted wrong. */
function withoutStepBack(known: WorkerImage, heard: WorkerImage): WorkerImage {
  const [before, now] = [known.status.progress, heard.status.progress];
  if (before === undefined || now === undefined || before.unit !== now.unit) return heard;
  const isBack = isLess(now.done, before.done) || isLess(now.percent, before.percent);
  if (!isBack) return heard;
  const { done, total, percent } = before;
  const { unit, bytesPerSecond, etaSeconds } = now;
  const kept = Object.entries({ unit, done, total, percent, bytesPerSecond, etaSeconds });
  const progress = { unit, ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)) };
  return { ...heard, status: { ...heard.status, progress } };
}

const isLess = (now: number | undefined, before: number | undefined): boolean =>
  now !== undefined && before !== undefined && now < before;

/** What workers said of their images, for when nobody can ask them, and how it came to that. */

import {
  type BootId,
  type Digest,
  type ImageStatus,
  parseBootId,
  parseWorkerId,
  type WorkerId,
  type WorkerImage,
} from "@haversack/protocol";
import { integer, json, text } from "../rows.ts";
import {
  imageStatusErase,
  imageStatusList,
  imageStatusOfWorkerErase,
  imageStatusPut,
  imageTransitionList,
  imageTransitionPut,
  imageTransitionsCut,
  imageTransitionsErase,
  imageTransitionsOfWorkerErase,
} from "../statements/image.ts";
import { imagePermitsOfWorkerErase } from "../statements/image-permit.ts";
import type { VerbContext } from "../verb.ts";

export interface ImageNote {
  readonly image: WorkerImage;
  /** It is a change of state, not a repetition of what was. */
  readonly isTransition: boolean;
}

/** Safe twice. What is older than what is known changes nothing; of a worker that is revoked nothing is kept. */
export async function imagesNote(
  { tx }: VerbContext,
  { notes }: { readonly notes: readonly ImageNote[] },
): Promise<void> {
  const last = new Map(notes.map((note) => [keyOf(note.image), note.image]));
  await tx.each(imageStatusPut, [...last.values()].map(statusRow));
  const transitions = notes.filter(({ isTransition }) => isTransition).map(({ image }) => image);
  await tx.each(imageTransitionPut, transitions.map(transitionRow));
  const touched = new Map(transitions.map((image) => [keyOf(image), image]));
  await tx.each(
    imageTransitionsCut,
    [...touched.values()].map(({ workerId, status }) => [workerId, status.digest]),
  );
}

const keyOf = ({ workerId, status }: WorkerImage): string => `${workerId} ${status.digest}`;

const statusRow = ({ workerId, bootId, observedAt, status }: WorkerImage) => [
  workerId,
  status.digest,
  bootId,
  observedAt,
  kept(status),
];

const transitionRow = ({ workerId, bootId, observedAt, status }: WorkerImage) => [
  workerId,
  status.digest,
  status.since,
  status.seq,
  status.state,
  status.attempt,
  bootId,
  observedAt,
  kept(status),
];

function kept({ progress: _figures, ...status }: ImageStatus): string {
  return JSON.stringify(status);
}

/**
 * As of workers that are not connected here.
 * @param workerId all of them when left out
 * @param heardSince those that a coordinator heard since then are not lost; left out: all are
 */
export async function imagesLast(
  { tx }: VerbContext,
  { workerId, heardSince }: { readonly workerId?: WorkerId; readonly heardSince?: number },
): Promise<WorkerImage[]> {
  return (await tx.all(imageStatusList, workerId ?? "")).map((row) => ({
    workerId: parseWorkerId(text(row, "worker_id")),
    workerName: text(row, "name"),
    bootId: parseBootId(text(row, "boot_id")),
    status: json<ImageStatus>(row, "status"),
    lost: heardSince === undefined || integer(row, "last_seen_at") < heardSince,
    observedAt: integer(row, "observed_at"),
  }));
}

export interface StoredTransition {
  readonly bootId: BootId;
  readonly status: ImageStatus;
}

/** Newest first. */
export async function imageTransitions(
  { tx }: VerbContext,
  { workerId, digest }: { readonly workerId: WorkerId; readonly digest: Digest },
): Promise<StoredTransition[]> {
  return (await tx.all(imageTransitionList, workerId, digest)).map((row) => ({
    bootId: parseBootId(text(row, "boot_id")),
    status: json<ImageStatus>(row, "status"),
  }));
}

/** What is older than a moment. @returns how many; fewer than the limit: there are no more */
export async function imagesForget(
  { tx }: VerbContext,
  { before, limit }: { readonly before: number; readonly limit: number },
): Promise<number> {
  const transitions = await tx.run(imageTransitionsErase, before, limit);
  return Math.max(transitions, await tx.run(imageStatusErase, before, limit));
}

/** Everything of a worker that is no longer one of ours. */
export async function forgetImagesOf({ tx }: VerbContext, workerId: WorkerId): Promise<void> {
  await tx.run(imageTransitionsOfWorkerErase, workerId);
  await tx.run(imageStatusOfWorkerErase, workerId);
  await tx.run(imagePermitsOfWorkerErase, workerId);
}

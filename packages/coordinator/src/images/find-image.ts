/** Which image of which worker a caller means, and what is known of it: from the worker's own table, else from the store. */

import { type Clock, FaultError } from "@haversack/base";
import type { Digest, ImageAnswer, WorkerId, WorkerImage } from "@haversack/protocol";
import { heardElsewhere } from "../dispatch/heard-lately.ts";
import type { Store } from "../store/store.ts";
import type { FleetImages, ImageLink } from "./fleet-images.ts";
import type { ImageOrders } from "./orders.ts";
import { type ImageRef, parseImageRef } from "./wanted.ts";

export interface FindParts {
  readonly images: FleetImages;
  readonly orders: ImageOrders;
  readonly store: { readonly read: Pick<Store["read"], "workersList" | "imagesLast"> } & Pick<
    Store,
    "shared"
  >;
  readonly clock: Clock;
}

export interface NamedWorker {
  readonly id: WorkerId;
  readonly name: string;
}

/** @param worker an id, or a name that only one has. Throws FaultError `missing` or `invalid`. */
export async function findWorker({ store }: FindParts, worker: string): Promise<NamedWorker> {
  const all = await store.read.workersList();
  const byId = all.find(({ id }) => id === worker);
  if (byId !== undefined) return byId;
  const [first, ...more] = all.filter(({ name }) => name === worker);
  if (first === undefined) {
    const message = `no worker is called ${JSON.stringify(worker.slice(0, 200))}: \`haversack workers\` lists names and ids`;
    throw new FaultError("missing", "unknown_worker", message);
  }
  if (more.length === 0) return first;
  const ids = [first, ...more].map(({ id }) => id).join(", ");
  const message = `several workers are called ${JSON.stringify(worker)}; name one by its id: ${ids}`;
  throw new FaultError("invalid", "ambiguous_worker", message);
}

/** What each image of a worker is, or was when it was last heard of. */
export async function imagesOf(
  { images, store, clock }: FindParts,
  id: WorkerId,
): Promise<readonly WorkerImage[]> {
  const here = images.of(id);
  if (images.link(id) !== undefined) return here;
  return newest([
    ...(await store.read.imagesLast({ workerId: id, ...heardElsewhere(store, clock) })),
    ...here,
  ]);
}

/** Of each image of each worker what was heard last. */
export function newest(all: readonly WorkerImage[]): readonly WorkerImage[] {
  const found = new Map<string, WorkerImage>();
  for (const image of all) {
    const key = `${image.workerId} ${image.status.digest}`;
    const before = found.get(key);
    if (before === undefined || image.observedAt >= before.observedAt) found.set(key, image);
  }
  return [...found.values()];
}

/** Whether an image is what `ref` means. @param wanted of the worker, as far as it is known */
export function isMeant(ref: ImageRef, image: WorkerImage, wanted: Digest | undefined): boolean {
  if (ref.kind !== "base") return image.status.digest === ref.digest;
  return wanted === undefined ? image.status.ref === "base" : image.status.digest === wanted;
}

/**
 * Asks the worker when it is here and its table does not say. Throws FaultError `missing` for a worker or an image that
 * nobody knows, `invalid` for a ref that is none, `unavailable` when the worker does not answer.
 */
export async function findImage(parts: FindParts, worker: string, text: string): Promise<WorkerImage> {
  const ref = parseImageRef(text);
  const { id, name } = await findWorker(parts, worker);
  const known = meantOf(parts, ref, id, await imagesOf(parts, id));
  if (known !== undefined) return known;
  const link = parts.images.link(id);
  if (link === undefined || ref.kind === "digest") throw unknownImage(name, text);
  requireEngine(parts, id, name);
  if (ref.kind === "base" && parts.images.wanted(id) === undefined) throw unknownImage(name, text);
  return taken(parts, link, await parts.orders.give(link, text, { kind: "look" }));
}

function meantOf(
  { images }: FindParts,
  ref: ImageRef,
  id: WorkerId,
  all: readonly WorkerImage[],
): WorkerImage | undefined {
  const wanted = images.wanted(id);
  const [last] = all
    .filter((image) => isMeant(ref, image, wanted))
    .toSorted((a, b) => b.status.since - a.status.since);
  return last;
}

/** What the worker answered, which its table says from now on. Throws the refusal. */
export function taken({ images }: FindParts, link: ImageLink, { status, refusal }: ImageAnswer): WorkerImage {
  if (refusal !== undefined) throw refused(refusal);
  if (status === undefined)
    throw new FaultError("unavailable", "no_status", `worker ${link.hello.name} answered without a status`);
  images.take(link, [status]);
  const shown = images.of(link.hello.workerId).find((image) => image.status.digest === status.digest);
  if (shown !== undefined) return shown;
  throw new FaultError("unavailable", "worker_away", `worker ${link.hello.name} went away; ask again`);
}

const ofRefusal: Readonly<Record<string, "missing" | "unavailable" | "invalid">> = {
  not_found: "missing",
  unknown_ref: "missing",
  unknown_image: "missing",
  unavailable: "unavailable",
  runtime_unavailable: "unavailable",
  stopping: "unavailable",
  invalid: "invalid",
  bad_image_ref: "invalid",
};

function refused({ code, message }: NonNullable<ImageAnswer["refusal"]>): FaultError {
  return new FaultError(ofRefusal[code] ?? "conflict", code, message);
}

/** Throws FaultError `missing` when the worker, which is here, runs no containers. */
export function requireEngine({ images }: FindParts, id: WorkerId, name: string): void {
  if (images.engineOf(id) !== undefined) return;
  const message = `worker ${name} has no container engine, so it has no images`;
  throw new FaultError("missing", "no_engine", message);
}

export function unknownImage(worker: string, text: string): FaultError {
  const why =
    text === "base"
      ? "there is no base image for it: the coordinator gets one by --images, with a file for each architecture and engine"
      : "`haversack images` lists those that are known";
  return new FaultError("missing", "unknown_image", `worker ${worker} has no image ${text}: ${why}`);
}

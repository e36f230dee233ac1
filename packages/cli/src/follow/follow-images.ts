/**
 * Images from now to their ends, over as many connections as it takes. A connection that broke says nothing of an image:
 * how it ended comes from the server alone.
 */

import { type HaversackClient, isAtEnd, isNewer, type WorkerImage } from "@haversack/protocol";
import type { Outside } from "../outside.ts";
import { resumed } from "./link.ts";

/** A worker may be away for longer than a coordinator. */
const patienceMs = 15 * 60_000;

export interface ImageScreen {
  show(images: readonly WorkerImage[]): void;
  /** The figures stand still; nothing has failed. */
  reconnecting(why: string): void;
}

export interface ImagesAsked {
  readonly client: Pick<HaversackClient, "watchImages">;
  /** One stream each. */
  readonly of: readonly { readonly worker: string; readonly ref: string }[];
  readonly screen: ImageScreen;
  readonly outside: Outside;
}

/** How they ended, in the order in which they were asked for. */
export async function followImages(asked: ImagesAsked, signal: AbortSignal): Promise<readonly WorkerImage[]> {
  const seen = new Map<number, WorkerImage>();
  const show = (at: number, image: WorkerImage): void => {
    seen.set(at, image);
    asked.screen.show([...seen].toSorted(([a], [b]) => a - b).map(([, each]) => each));
  };
  return await Promise.all(
    asked.of.map((one, at) => followOne(asked, one, (image) => show(at, image), signal)),
  );
}

async function followOne(
  { client, screen, outside }: ImagesAsked,
  { worker, ref }: ImagesAsked["of"][number],
  show: (image: WorkerImage) => void,
  signal: AbortSignal,
): Promise<WorkerImage> {
  const { clock, random } = outside;
  let last: WorkerImage | undefined;
  let end: WorkerImage | undefined;
  const open = () => client.watchImages({ worker, ref, untilEnd: true }, signal);
  const link = { clock, random, patienceMs, onBroken: (why: string) => screen.reconnecting(why) };
  const events = resumed(
    open,
    () => 0,
    () => end !== undefined,
    link,
    signal,
  );
  for await (const { kind, image } of events) {
    const shown = latest(last, image);
    if (shown === undefined) continue;
    last = shown;
    if (kind === "end" && isAtEnd(shown.status)) end = shown;
    show(shown);
  }
  // The stream is whole only with an end.
  return end ?? (last as WorkerImage);
}

/** Undefined: it is behind what is known. */
export function latest(before: WorkerImage | undefined, image: WorkerImage): WorkerImage | undefined {
  const isOther = before === undefined || before.status.digest !== image.status.digest;
  return isOther || isNewer(image, before) ? image : undefined;
}

/** What a coordinator wants of an image, and what it is answered. Never rejects: what cannot be done is a refusal. */

import { messageOf } from "@haversack/base";
import type { Digest, ImageAnswer, ImageOrder } from "@haversack/protocol";
import type { Board } from "./board.ts";
import type { Desk } from "./desk.ts";
import type { EngineWatch } from "./engine-watch.ts";
import { plain } from "./flight-fault.ts";
import type { Flights } from "./flights.ts";
import type { WantedImage } from "./images.ts";
import { type LookParts, look } from "./look.ts";
import { digestMeant, referenceMeant } from "./references.ts";

export interface OrderParts extends LookParts {
  readonly desk: Desk;
  readonly flights: Flights;
  readonly board: Board;
  readonly engine: EngineWatch;
  readonly stopping: AbortSignal;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** @param wanted what `base` means here; a digest: it is not supported, under that name */
export async function answerOrder(
  order: ImageOrder,
  parts: OrderParts,
  wanted: WantedImage | Digest | undefined,
): Promise<ImageAnswer> {
  try {
    const image = imageOf(order.ref, parts, wanted);
    if ("message" in image) return { id: order.id, resumed: false, refusal: image };
    const known = parts.desk.recordOf(image).status.state;
    switch (order.order.kind) {
      case "look":
        if (known !== "unsupported") await look(parts, image, parts.stopping);
        return told(order.id, image, parts.board, false);
      case "cancel":
        parts.flights.cancel(image.digest, order.order.by);
        // The cancellation is on the disk before it is answered.
        await parts.board.settled();
        return told(order.id, image, parts.board, false);
      case "pull":
        return await pull(order.id, image, order.order, parts);
    }
  } catch (error) {
    const refusal = { code: "bug", message: plain(messageOf(error)) };
    return { id: order.id, resumed: false, refusal };
  }
}

async function pull(
  id: number,
  image: WantedImage,
  order: { readonly digest?: Digest; readonly by: string },
  parts: OrderParts,
): Promise<ImageAnswer> {
  if (order.digest !== undefined && order.digest !== image.digest) {
    const message = `it means ${image.digest} on this worker now, not ${order.digest}`;
    return { ...told(id, image, parts.board, false), refusal: { code: "digest_differs", message } };
  }
  // Whether it is there is asked of the engine, not remembered.
  if (parts.board.get(image.digest)?.status.state !== "unsupported") await look(parts, image, parts.stopping);
  const asked = parts.desk.ask(image, "operator", order.by);
  await parts.board.settled();
  const answer = told(id, image, parts.board, asked === "joined");
  if (asked !== "refused") return answer;
  const message = answer.status?.why ?? "there is no such image for this worker's engine";
  return { ...answer, refusal: { code: "unsupported", message } };
}

function told(id: number, { digest }: WantedImage, board: Board, resumed: boolean): ImageAnswer {
  const status = board.get(digest)?.status;
  return { id, resumed, ...(status === undefined ? {} : { status }) };
}

function imageOf(
  ref: string,
  { board, engine }: OrderParts,
  wanted: WantedImage | Digest | undefined,
): WantedImage | Refusal {
  if (ref === "base") {
    const image = typeof wanted === "string" ? board.get(wanted)?.image : wanted;
    return image ?? missing("this worker knows no base image yet");
  }
  const digest = digestMeant(ref);
  if (digest !== undefined) return board.get(digest)?.image ?? missing(`this worker knows no image ${ref}`);
  const { info } = engine;
  const image = info?.canPull === true ? referenceMeant(ref, info.arch) : undefined;
  return (
    image ?? missing(`${ref} is neither base, nor a digest, nor a reference by digest that this engine takes`)
  );
}

const missing = (message: string): Refusal => ({ code: "unknown_image", message });

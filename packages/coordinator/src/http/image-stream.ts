/**
 * One image of one worker as server-sent events: `snapshot` now and at each change of state, `progress` between them, one
 * `end`, then the server closes. A reader that comes back is told what is, wherever it was cut off; one that names an
 * end has nothing to come back for, and is told so with 204, which stops an EventSource.
 */

import { once } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock, Ms } from "@haversack/base";
import {
  type ImageEvent,
  imageEventFromWire,
  isAtEnd,
  required,
  type WorkerImage,
  workerImageFromWire,
} from "@haversack/protocol";
import { eventId, eventJson } from "./image-json.ts";
import type { ImageHttpParts, ImageRequest, Request, Response } from "./image-request.ts";

const pingEveryMs: Ms = 15_000;
const type = "text/event-stream; charset=utf-8";

export async function streamImage(
  parts: ImageHttpParts,
  asked: ImageRequest,
  request: Request,
  response: Response,
): Promise<void> {
  const last = request.headers["last-event-id"];
  if (typeof last === "string" && (await isKnownEnd(parts, asked, last))) {
    response.statusCode = 204;
    response.end();
    return;
  }
  const { client, worker, ref, headers, signal } = asked;
  const events = client.watch({ worker, ref, untilEnd: true }, { headers, signal });
  const source = events[Symbol.asyncIterator]();
  // A refusal comes before the first event, and with a status of its own.
  let next = await source.next();
  response.writeHead(200, { "content-type": type, "cache-control": "no-store", "x-accel-buffering": "no" });
  response.write("retry: 2000\n\n");
  const pings = ping(response, parts.clock);
  try {
    for (; next.done !== true; next = await source.next()) {
      const event = imageEventFromWire(next.value);
      if (event !== undefined) await write(response, frameOf(event), signal);
    }
  } catch (error) {
    // Cut at 15 minutes, by a stop or by a token that ended: the reader comes back, or is told why not.
    const { code } = ConnectError.from(error);
    if (code !== Code.DeadlineExceeded && code !== Code.Canceled && code !== Code.Unavailable) throw error;
  } finally {
    pings.cancel();
    // Not awaited: it may wait for something that ends with this call.
    source.return?.().catch(() => {});
  }
  response.end();
}

/** Of one that is at its end the `end` alone has an id: who was cut off before it was told has not seen the end. */
function frameOf(event: ImageEvent): string {
  const { kind, image } = event;
  const id = kind !== "end" && isAtEnd(image.status) ? "" : `id: ${eventId(image)}\n`;
  return `${id}event: ${kind}\ndata: ${JSON.stringify(eventJson(event))}\n\n`;
}

async function isKnownEnd({ desk }: ImageHttpParts, asked: ImageRequest, id: string): Promise<boolean> {
  const { client, worker, ref, headers, signal } = asked;
  const { image: wire } = await client.status({ worker, ref }, { headers, signal });
  const now = workerImageFromWire(required(wire, "image"));
  const isEnd = (image: Pick<WorkerImage, "bootId" | "status">): boolean =>
    isAtEnd(image.status) && eventId(image) === id;
  // Ends of earlier flights count too: another one may have begun since.
  return isEnd(now) || (await desk.transitions(worker, ref)).some(isEnd);
}

/** Resolves when there is room for more: what comes meanwhile waits where only the newest of each kind is kept. */
async function write(response: Response, text: string, signal: AbortSignal): Promise<void> {
  if (response.write(text)) return;
  await once(response, "drain", { signal });
}

/** Keeps whatever lies between from taking the connection for dead. */
function ping(response: Response, clock: Clock): { readonly cancel: () => void } {
  const beat = (): void => {
    if (!response.writableNeedDrain) response.write(": ping\n\n");
    timer = clock.after(pingEveryMs, beat);
  };
  let timer = clock.after(pingEveryMs, beat);
  return { cancel: () => timer.cancel() };
}

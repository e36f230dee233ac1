/** The body of an answer, at a pace, and as wrong as a test wants it. */

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { pause, systemClock } from "@haversack/base";

export interface BodyFault {
  readonly cutAt?: number;
  readonly stallAt?: number;
  readonly corruptAt?: number;
  /** A function is asked after each piece. */
  readonly bytesPerSecond?: Pace | undefined;
}

export type Pace = number | (() => number | undefined);

const chunkBytes = 64 * 1024;

export async function sendBody(
  response: ServerResponse,
  body: Uint8Array,
  { cutAt = Infinity, stallAt = Infinity, corruptAt, bytesPerSecond }: BodyFault,
  onSent: (bytes: number) => void,
): Promise<void> {
  const closed = new AbortController();
  response.once("close", () => closed.abort());
  let dueAt = systemClock.monotonic();
  for (let offset = 0; offset < body.length; ) {
    const from = offset;
    const stops = [cutAt, stallAt].filter((stop) => stop > offset);
    const end = Math.min(offset + chunkBytes, body.length, ...stops);
    const handedOver = Promise.withResolvers<void>();
    const drained = response.write(chunkOf(body, offset, end, corruptAt), () => handedOver.resolve());
    onSent(end - offset);
    offset = end;
    if (!drained) await once(response, "drain", { signal: closed.signal });
    if (offset >= cutAt) {
      await handedOver.promise;
      return void response.socket?.destroy();
    }
    if (offset >= stallAt) return void (await once(response, "close"));
    const pace = typeof bytesPerSecond === "function" ? bytesPerSecond() : bytesPerSecond;
    dueAt += pace === undefined ? 0 : ((end - from) / pace) * 1000;
    const ahead = pace === undefined ? 0 : dueAt - systemClock.monotonic();
    if (ahead > 4) await pause(systemClock, ahead, closed.signal);
  }
  response.end();
}

function chunkOf(body: Uint8Array, from: number, to: number, corruptAt: number | undefined): Uint8Array {
  if (corruptAt === undefined || corruptAt < from || corruptAt >= to) return body.subarray(from, to);
  const chunk = Buffer.from(body.subarray(from, to));
  chunk.writeUInt8(chunk.readUInt8(corruptAt - from) ^ 0xff, corruptAt - from);
  return chunk;
}

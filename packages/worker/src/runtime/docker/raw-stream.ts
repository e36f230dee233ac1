/** The output of a container without a terminal: frames of 8 bytes of head (which stream, how long) and their bytes. */

import { FaultError } from "@haversack/base";

const headBytes = 8;
const lengthAt = 4;
/** More in one frame is not the output of anything: the stream was misread. */
const frameBytesMax = 64 * 1024 * 1024;

/** Both streams in one, in pieces as they come; a frame need not be whole to be handed on. */
export async function* piecesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array = new Uint8Array();
  let left = 0;
  for await (const chunk of chunks) {
    for (let rest = chunk; rest.length > 0; ) {
      if (left > 0) {
        const piece = rest.subarray(0, left);
        left -= piece.length;
        rest = rest.subarray(piece.length);
        yield piece;
        continue;
      }
      const missing = rest.subarray(0, headBytes - head.length);
      head = Buffer.concat([head, missing]);
      rest = rest.subarray(missing.length);
      if (head.length < headBytes) continue;
      left = lengthIn(head);
      head = new Uint8Array();
    }
  }
}

function lengthIn(head: Uint8Array): number {
  const length = Buffer.from(head).readUInt32BE(lengthAt);
  if ((head[0] ?? 0) <= 2 && length <= frameBytesMax) return length;
  const message = `the container engine wrote ${Buffer.from(head).toString("hex")} where the head of a frame was expected`;
  throw new FaultError("corrupt", "protocol", message);
}

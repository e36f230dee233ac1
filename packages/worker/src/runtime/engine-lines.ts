/** What an engine tells while it works, or as it happens: one JSON object a line. */

import { FaultError } from "@haversack/base";
import { engineUnavailable } from "./runtime-faults.ts";

const lineBytesMax = 1024 * 1024;
const newline = 0x0a;

/** Split as bytes: a character may lie across two chunks. Throws FaultError `unavailable` when the connection is cut. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array();
  try {
    for await (const chunk of chunks) {
      let from = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
        yield joined(rest, chunk.subarray(from, end));
        rest = new Uint8Array();
        from = end + 1;
      }
      rest = joined(rest, chunk.subarray(from));
      if (rest.length > lineBytesMax) throw strangeLine(rest);
    }
  } catch (error) {
    if (error instanceof FaultError) throw error;
    throw engineUnavailable("it broke off in the middle of its answer", error);
  }
  yield rest;
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  return head.length === 0 ? tail : Buffer.concat([head, tail]);
}

export function strangeLine(line: Uint8Array): FaultError {
  const begin = JSON.stringify(new TextDecoder().decode(line.subarray(0, 120)));
  const message = `the container engine wrote a line that it should not: ${begin}; is something between it and its socket?`;
  return new FaultError("corrupt", "protocol", message);
}

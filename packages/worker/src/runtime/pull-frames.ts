/**
 * The frames that Docker and Podman write while they pull or load an image: one JSON object a line. The status of the
 * answer is 200 from the first line on, so a fault is a line like any other, and the end of the lines says nothing.
 */

import { FaultError } from "@haversack/base";
import type { PullFrame } from "./runtime.ts";
import { engineUnavailable } from "./runtime-faults.ts";

export type EngineLine =
  | { readonly kind: "frame"; readonly frame: PullFrame }
  /** In the engine's words. */
  | { readonly kind: "error"; readonly message: string };

const lineBytesMax = 1024 * 1024;
const newline = 0x0a;

/** Throws FaultError: `unavailable` when the connection is cut, `corrupt` with code `protocol` when a line is no frame. */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<EngineLine> {
  for await (const line of linesOf(chunks)) {
    const read = readLine(line);
    if (read !== undefined) yield read;
  }
}

/** Split as bytes: a character may lie across two chunks. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
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
      if (rest.length > lineBytesMax) throw noFrame(rest);
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

/** Undefined: an empty line. */
function readLine(line: Uint8Array): EngineLine | undefined {
  const text = new TextDecoder().decode(line).trim();
  if (text === "") return undefined;
  const said = parse(text);
  if (said === undefined) throw noFrame(line);
  const message =
    textOf(recordOf(said["errorDetail"])["message"]) ?? textOf(said["error"]) ?? textOf(said["message"]);
  if (message !== undefined) return { kind: "error", message };
  const { current, total } = recordOf(said["progressDetail"]);
  const layer = textOf(said["id"]);
  const bytes = countOf(current);
  const bytesTotal = countOf(total);
  return {
    kind: "frame",
    frame: {
      ...(layer !== undefined && { layer }),
      status: textOf(said["status"]) ?? textOf(said["stream"])?.trim() ?? "",
      ...(bytes !== undefined && { current: bytes }),
      ...(bytesTotal !== undefined && bytesTotal > 0 && { total: bytesTotal }),
    },
  };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === "object" && said !== null ? (said as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function noFrame(line: Uint8Array): FaultError {
  const begin = JSON.stringify(new TextDecoder().decode(line.subarray(0, 120)));
  const message = `the container engine wrote a line that is no progress frame: ${begin}; is something between it and its socket?`;
  return new FaultError("corrupt", "protocol", message);
}

/**
 * The frames that Docker and Podman write while they pull or load an image: one JSON object a line. The status of the
 * answer is 200 from the first line on, so a fault is a line like any other, and the end of the lines says nothing.
 */

import { linesOf, strangeLine } from "./engine-lines.ts";
import type { PullFrame } from "./runtime.ts";

export type EngineLine =
  | { readonly kind: "frame"; readonly frame: PullFrame }
  /** In the engine's words. */
  | { readonly kind: "error"; readonly message: string };

/** Throws FaultError: `unavailable` when the connection is cut, `corrupt` with code `protocol` when a line is no frame. */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<EngineLine> {
  for await (const line of linesOf(chunks)) {
    const read = readLine(line);
    if (read !== undefined) yield read;
  }
}

/** Undefined: an empty line. */
function readLine(line: Uint8Array): EngineLine | undefined {
  const text = new TextDecoder().decode(line).trim();
  if (text === "") return undefined;
  const said = parse(text);
  if (said === undefined) throw strangeLine(line);
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

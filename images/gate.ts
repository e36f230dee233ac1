/** The gate: a file that a whole fleet downloads is never larger than this, and grows only under somebody's eyes. */

import { FaultError } from "@haversack/base";

export const publishedBytesMax = 200_000_000;
const growthMax = 0.05;

export interface Measured {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Of the same file in the last release; absent: there was none. */
  readonly before?: number;
}

export interface PathSize {
  readonly path: string;
  /** Unpacked. */
  readonly bytes: number;
}

/** Lines for people. Throws FaultError `too_large`, which shows what takes the room. */
export function gate(files: readonly Measured[], largest: readonly PathSize[]): string[] {
  const lines = files.map(lineOf);
  const tooLarge = files.filter(({ size }) => size > publishedBytesMax);
  if (tooLarge.length === 0) return lines;
  const paths = largest.map(({ path, bytes }) => `${inMb(bytes).padStart(9)}  ${path}`);
  const names = tooLarge.map(({ name, size }) => `${name} has ${size} bytes`).join("; ");
  const message = `${names}; a published file may have ${publishedBytesMax}. What takes the room, unpacked:\n${paths.join("\n")}\nAsk for less in images/recipe.json, or remove more in images/trim.sh.`;
  throw new FaultError("invalid", "too_large", `${lines.join("\n")}\n${message}`);
}

function lineOf({ name, size, before }: Measured): string {
  const share = Math.round((size / publishedBytesMax) * 100);
  const verdict = size > publishedBytesMax ? "TOO LARGE" : "ok";
  const line = `gate: ${name}  ${size} bytes (${inMb(size)}), ${share} % of ${publishedBytesMax}: ${verdict}`;
  if (before === undefined) return line;
  const growth = size / before - 1;
  const change = `${growth < 0 ? "" : "+"}${(growth * 100).toFixed(1)} % since the last release`;
  return growth > growthMax ? `${line}; WARNING: ${change}` : `${line}; ${change}`;
}

const inMb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

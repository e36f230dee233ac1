/** Names of things. Each is a branded string that only its parser makes, so that one cannot stand in for another. */

import { type Brand, FaultError } from "@haversack/base";

export type RunId = Brand<string, "RunId">;
export type StepId = Brand<string, "StepId">;
export type WorkerId = Brand<string, "WorkerId">;
/** Made anew at each start of a worker process. */
export type BootId = Brand<string, "BootId">;
/** Which life of the database issued a fence; see `fence.ts`. */
export type Generation = Brand<string, "Generation">;
/** `sha256:<64 hex digits>`: what names a snapshot, an artifact or a DAG. */
export type Digest = Brand<string, "Digest">;

const runIdPattern = /^[0-9A-Za-z_-]{1,64}$/;
const segmentPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

function parse<T>(text: string, pattern: RegExp, what: string): T {
  if (pattern.test(text)) return text as T;
  // The value is not echoed: it may be of any length and hold anything.
  throw new FaultError("invalid", "bad_id", `${what} must match ${pattern.source}`);
}

export const parseRunId = (text: string): RunId => parse<RunId>(text, runIdPattern, "a run id");
export const parseStepId = (text: string): StepId => parse<StepId>(text, segmentPattern, "a step id");
export const parseWorkerId = (text: string): WorkerId => parse<WorkerId>(text, runIdPattern, "a worker id");
export const parseBootId = (text: string): BootId => parse<BootId>(text, runIdPattern, "a boot id");
export const parseGeneration = (text: string): Generation =>
  parse<Generation>(text, runIdPattern, "a generation");
export const parseDigest = (text: string): Digest => parse<Digest>(text, digestPattern, "a digest");

export function digestOfBytes(bytes: Uint8Array): Digest {
  if (bytes.length !== 32) {
    throw new FaultError("invalid", "bad_digest", `a digest has 32 bytes, this one ${bytes.length}`);
  }
  let text = "sha256:";
  for (const byte of bytes) text += hexOf[byte];
  return text as Digest;
}

/** Not by a Buffer: browsers read digests too. */
const hexOf: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The 32 bytes, in memory of their own. */
export function digestToBytes(digest: Digest): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(digest.slice("sha256:".length), "hex"));
}

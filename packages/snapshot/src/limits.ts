/** Every bound of a pack, kept at build and at decode by the same checks. Units stand in the names. */

import { FaultError, parseByteSize } from "@haversack/base";
import { SnapshotError } from "./errors.ts";

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

export interface SnapshotLimits {
  readonly compressedBytesMax: number;
  readonly uncompressedBytesMax: number;
  /** Bytes out for each byte in, once `ratioFromBytes` are out. */
  readonly ratioMax: number;
  readonly ratioFromBytes: number;
  /** CPU time of the thread that decodes. */
  readonly cpuMsMax: number;
  /** Of the whole JSON text, opaque parts included. */
  readonly nestingMax: number;
  /** Values of the whole JSON text, opaque parts included: what bounds the cost of everything after the parser. */
  readonly valuesMax: number;
  readonly skillsMax: number;
  readonly modelsMax: number;
  /** In all skills together. */
  readonly filesMax: number;
  readonly fileBytesMax: number;
  readonly soulCharactersMax: number;
  readonly memoryIndexLinesMax: number;
  readonly memoryIndexBytesMax: number;
  /** One scope as it stands in the pack: canonical JSON. */
  readonly memoryScopeBytesMax: number;
  readonly memoryTopicsMax: number;
}

export const defaultLimits: SnapshotLimits = Object.freeze({
  compressedBytesMax: 4 * mebibyte,
  uncompressedBytesMax: 16 * mebibyte,
  ratioMax: 250,
  ratioFromBytes: mebibyte,
  cpuMsMax: 5000,
  nestingMax: 32,
  valuesMax: 100_000,
  skillsMax: 64,
  modelsMax: 8,
  filesMax: 4096,
  fileBytesMax: 4 * mebibyte,
  soulCharactersMax: 20_000,
  memoryIndexLinesMax: 200,
  memoryIndexBytesMax: 25 * kibibyte,
  memoryScopeBytesMax: 256 * kibibyte,
  memoryTopicsMax: 64,
});

/** Part of the format, so not for an operator to change; so are the bounds of ids and those of `pathProblem` in base. */
export const requiresMax = 16;

/** The defaults with what an operator asked for in their place; each bound is a positive whole number. */
export function settleLimits(asked: Partial<SnapshotLimits> = {}): SnapshotLimits {
  const settled = { ...defaultLimits, ...asked };
  for (const [name, value] of Object.entries(settled)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new SnapshotError(
        "snapshot_invalid",
        `the limit ${name} must be a whole number above 0, not ${value}`,
      );
    }
  }
  return Object.freeze(settled);
}

const variables = {
  compressedBytesMax: "HAVERSACK_SNAPSHOT_MAX_COMPRESSED",
  uncompressedBytesMax: "HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED",
} as const satisfies Partial<Record<keyof SnapshotLimits, string>>;

/** Fewer hold no pack at all; more is text that a JavaScript engine cannot hold as one string. */
const settableMin = kibibyte;
const settableMax = 256 * mebibyte;

/**
 * The limits of whoever runs this process, builder and reader alike: bytes, or a size such as `4MiB`. An empty variable
 * counts as none. Throws FaultError `bad_option`, which names the variable.
 */
export function limitsFromEnvironment(env: Readonly<Record<string, string | undefined>>): SnapshotLimits {
  const asked = Object.entries(variables).flatMap(([limit, variable]): [string, number][] => {
    const text = env[variable] ?? "";
    return text === "" ? [] : [[limit, settableSize(variable, text)]];
  });
  return settleLimits(Object.fromEntries(asked));
}

function settableSize(variable: string, text: string): number {
  const size = parseByteSize(text);
  if (size !== undefined && size >= settableMin && size <= settableMax) return size;
  const message = `${variable}: expected a size from 1KiB to 256MiB, such as 4MiB or 4194304, found ${JSON.stringify(text)}`;
  throw new FaultError("invalid", "bad_option", message);
}

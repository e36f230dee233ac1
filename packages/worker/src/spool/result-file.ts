/** A result on the disk: its SHA-256, then its protobuf bytes. A torn file is told from a whole one. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { readIfThere, writeDurably } from "@haversack/base";
import { type AttemptResult, AttemptResultSchema, resultFromWire, resultToWire } from "@haversack/protocol";

const fileName = "result";
const digestBytes = 32;

export async function writeResult(folder: string, result: AttemptResult): Promise<void> {
  const bytes = toBinary(AttemptResultSchema, resultToWire(result));
  await writeDurably(
    join(folder, fileName),
    Buffer.concat([createHash("sha256").update(bytes).digest(), bytes]),
  );
}

/** Undefined: there is none, or it is not whole. */
export async function readResult(folder: string): Promise<AttemptResult | undefined> {
  const stored = await readIfThere(join(folder, fileName));
  if (stored === undefined || stored.length < digestBytes) return undefined;
  const bytes = stored.subarray(digestBytes);
  const digest = createHash("sha256").update(bytes).digest();
  return digest.equals(stored.subarray(0, digestBytes))
    ? resultFromWire(fromBinary(AttemptResultSchema, bytes))
    : undefined;
}

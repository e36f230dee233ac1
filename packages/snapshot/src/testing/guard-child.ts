/**
 * One call of the guard in a process of its own, so that its memory can be measured: `guard-child.ts FILE CPU_MS`
 * prints what it cost as JSON. Without a file it opens the golden pack, which is what the cost is compared with.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { threadCpuUsage } from "node:process";
import { peakMemoryBytes } from "../../../../tests/support/peak-memory.ts";
import { guardSnapshot } from "../guard.ts";
import { inspectPack } from "../inspect.ts";
import { settleLimits } from "../limits.ts";

export interface GuardCost {
  /** Of the refusal, or `accepted`. */
  readonly code: string;
  readonly message: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Of the whole life of the process. */
  readonly maxRssBytes: number;
}

function refusalOf(call: () => unknown): Pick<GuardCost, "code" | "message"> {
  try {
    call();
    return { code: "accepted", message: "" };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "untyped";
    return { code, message: String(error) };
  }
}

if (import.meta.main) {
  const golden = readFileSync(join(import.meta.dirname, "../../vectors/v1/pack.gz"));
  const { digest } = inspectPack(golden); // all code is loaded and has run once
  const [file, cpuMsMax] = process.argv.slice(2);
  const bytes = file === undefined ? golden : readFileSync(file);
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4);
  const claims = {
    formatVersion: 1,
    digest,
    compressedSize: bytes.length,
    uncompressedSize: trailer.getUint32(0, true),
  };
  const limits = settleLimits(cpuMsMax === undefined ? {} : { cpuMsMax: Number(cpuMsMax) });
  const [wallFrom, cpuFrom] = [performance.now(), threadCpuUsage()];
  const refusal = refusalOf(() => guardSnapshot(bytes, claims, limits));
  const { user, system } = threadCpuUsage(cpuFrom);
  const cost: GuardCost = {
    ...refusal,
    wallMs: performance.now() - wallFrom,
    cpuMs: (user + system) / 1000,
    maxRssBytes: peakMemoryBytes(),
  };
  console.log(JSON.stringify(cost));
}

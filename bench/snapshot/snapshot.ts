/**
 * What a snapshot costs, from library to worker: build, encode, guard-decode and hydrate for libraries of four sizes,
 * beside `node:zlib` on the same bytes, and what it saves to name a pack instead of sending it.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, BenchOptions, Report } from "../bench.ts";
import { medianTimes, type Rounds } from "../measure.ts";
import { compareByReference } from "./by-reference/by-reference.ts";
import { sampleLibrary } from "./library.ts";
import { peakMemory } from "./peak-memory.ts";
import { type PhaseName, phaseNames, phases } from "./phases.ts";
import { writeSpecimen } from "./specimen.ts";

interface Library {
  readonly name: string;
  /** Of all its files. */
  readonly bytes: number;
}

const libraries: readonly Library[] = [
  { name: "5 KB", bytes: 5_000 },
  { name: "50 KB", bytes: 50_000 },
  { name: "500 KB", bytes: 500_000 },
  { name: "5 MB", bytes: 5_000_000 },
];

export const snapshot: Bench = {
  name: "snapshot",
  description: "build, encode, guard-decode, hydrate; packs by reference against inline",
  async run(report, options) {
    const folder = await mkdtemp(join(tmpdir(), "haversack-bench-"));
    try {
      for (const library of options.quick ? libraries.slice(0, 1) : libraries) {
        await measureLibrary(folder, library, report, options);
      }
      await compareByReference(folder, report, options);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

async function measureLibrary(
  parent: string,
  { name, bytes }: Library,
  report: Report,
  { quick, signal }: BenchOptions,
): Promise<void> {
  const folder = join(parent, `library-${bytes}`);
  const say = (metric: string, value: number, unit: string): void =>
    report.measured({ case: name, metric, value, unit });
  const { compressed, uncompressed } = await writeSpecimen(folder, sampleLibrary(bytes));
  say("uncompressed_bytes", uncompressed, "B");
  say("compressed_bytes", compressed, "B");
  report.doing(`${name}: time`);
  const rounds: Rounds = quick
    ? { warmUp: 1, roundsMin: 3, untilMs: 0 }
    : { warmUp: 3, roundsMin: 7, untilMs: 3000 };
  const times = await timesOf(folder, rounds, signal);
  report.doing(`${name}: memory`);
  for (const phase of phaseNames) {
    say(`${phase}_ms`, times[phase], "ms");
    say(`${phase}_mb_per_s`, uncompressed / 1e6 / (times[phase] / 1000), "MB/s");
    say(`${phase}_peak_mib`, await peakMemory(phase, folder, quick ? 1 : 3, signal), "MiB");
  }
  say("encode_over_zlib", times.encode / times.zlib_gzip, "x");
  say("guard_decode_over_zlib", times.guard_decode / times.zlib_gunzip, "x");
}

async function timesOf(
  folder: string,
  rounds: Rounds,
  signal: AbortSignal,
): Promise<Record<PhaseName, number>> {
  const prepared = await Promise.all(
    phaseNames.map(async (name) => [name, await phases[name](folder)] as const),
  );
  return await medianTimes(
    Object.fromEntries(prepared) as Record<PhaseName, (typeof prepared)[number][1]>,
    rounds,
    signal,
  );
}

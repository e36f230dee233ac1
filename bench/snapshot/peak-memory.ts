/** The most memory that a phase needed at once, above a process that only reads its input. */

import { fileURLToPath } from "node:url";
import { median } from "../measure.ts";
import { runProgram } from "../programs.ts";
import type { PhaseName } from "./phases.ts";

const program = fileURLToPath(import.meta.resolve("./peak-memory-program.ts"));

/** Mebibytes, median of `repetitions`; 0 when the input alone took more. */
export async function peakMemory(
  phase: PhaseName,
  folder: string,
  repetitions: number,
  signal: AbortSignal,
): Promise<number> {
  const peak = (mode: string) => runProgram<number>(program, [phase, folder, mode], signal);
  const differences: number[] = [];
  for (let index = 0; index < repetitions; index++) {
    const base = await peak("prepare");
    differences.push(((await peak("measure")) - base) / 1024 / 1024);
  }
  return Math.max(0, median(differences));
}

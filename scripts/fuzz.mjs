// Mutants of valid and hostile snapshots against the guard: `npm run fuzz -- [--runs N] [--seed S]`.
// Each is refused with a typed error, or is no change; memory stays bounded. A failure prints the seed of its batch.

import { parseArgs } from "node:util";
import * as fc from "fast-check";
import { breach, mutants } from "../packages/snapshot/src/testing/mutations.ts";
import { allPacks } from "../packages/snapshot/src/testing/published.ts";

const batchSize = 2_000;
const progressEvery = 100_000;
/** Above the memory after the first batch. */
const growthBytesMax = 192 * 1024 * 1024;
/** Of one mutant: the guard's own limit on CPU time and what a busy machine adds. */
const oneMsMax = 10_000;

const { values } = parseArgs({
  options: { runs: { type: "string", default: "20000" }, seed: { type: "string" } },
});
const runs = wholeNumber("--runs", values.runs, 1);
const seed = wholeNumber("--seed", values.seed ?? String(Math.floor(Math.random() * 2 ** 31)), 0);
const arbitrary = mutants(allPacks());
const outcomes = new Map();
let slowestMs = 0;
let baseBytes = 0;
let peakBytes = 0;

console.log(`fuzz: ${runs} mutants, seed ${seed}`);
const startedAt = performance.now();
for (let done = 0; done < runs; done += batchSize) {
  const numRuns = Math.min(batchSize, runs - done);
  // A seed of its own for each batch, which is all that is needed to see a failure again.
  fc.assert(fc.property(arbitrary, holds), { numRuns, seed: (seed + done / batchSize) | 0 });
  const now = process.memoryUsage().rss;
  peakBytes = Math.max(peakBytes, now);
  if (done === 0) baseBytes = now;
  if ((done + numRuns) % progressEvery === 0 && done + numRuns < runs) {
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(`  ${done + numRuns} held after ${seconds.toFixed(0)} s, memory ${mebibytes(now)}`);
  }
  if (now - baseBytes > growthBytesMax) throw new Error(`memory grew by ${mebibytes(now - baseBytes)}`);
}
const seconds = (performance.now() - startedAt) / 1000;
const kinds = [...outcomes].map(([kind, count]) => `${kind} ${count}`).toSorted((a, b) => (a < b ? -1 : 1));
console.log(`held: ${runs} in ${seconds.toFixed(1)} s (${kinds.join(", ")})`);
console.log(
  `slowest ${slowestMs.toFixed(0)} ms, memory ${mebibytes(peakBytes)}, grew by ${mebibytes(peakBytes - baseBytes)}`,
);

function holds(mutant) {
  const from = performance.now();
  const problem = breach(mutant);
  const tookMs = performance.now() - from;
  slowestMs = Math.max(slowestMs, tookMs);
  outcomes.set(mutant.kind, (outcomes.get(mutant.kind) ?? 0) + 1);
  if (problem !== undefined) throw new Error(`${mutant.kind}: ${problem}`);
  if (tookMs > oneMsMax) throw new Error(`${mutant.kind}: took ${tookMs.toFixed(0)} ms`);
}

function mebibytes(count) {
  return `${(count / 1024 / 1024).toFixed(0)} MiB`;
}

function wholeNumber(name, text, min) {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min) return value;
  console.error(`fuzz: ${name} must be a whole number from ${min}`);
  return process.exit(2);
}

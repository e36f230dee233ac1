/** `npm run bench`: what scripts read from it. Its figures are nobody's promise here, only that they are there. */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withEngine } from "../support/container-engines.ts";
import { repositoryRoot } from "../support/fleet.ts";

function bench(...args: string[]) {
  const entry = join(repositoryRoot, "scripts/bootstrap.mjs");
  return spawnSync(process.execPath, [entry, "bench", ...args], { encoding: "utf8", timeout: 200_000 });
}

interface Line {
  readonly bench: string;
  readonly case: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

test.each([
  ["without a name", []],
  ["with a name that there is not", ["snapshots"]],
  ["with an option that there is not", ["snapshot", "--fast"]],
])("%s it lists the benchmarks and says that this was wrong", (_case, args) => {
  const { status, stdout, stderr } = bench(...args, "--json");
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^ {2}snapshot {2}\S/m);
});

/** What a benchmark printed, by case and metric, each line checked. */
function figuresOf(name: string): Map<string, number> {
  const { status, stdout, stderr } = bench(name, "--quick", "--json");
  expect([status, stderr]).toEqual([0, expect.not.stringMatching(/error/i)]);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  for (const line of lines) {
    expect(Object.keys(line)).toEqual(["bench", "case", "metric", "value", "unit"]);
    const { value, ...texts } = line;
    expect(Object.values(texts)).toEqual(Array(4).fill(expect.stringMatching(/./)));
    expect(value).toSatisfy((value) => Number.isFinite(value) && value >= 0, line.metric);
  }
  expect(new Set(lines.map(({ bench }) => bench))).toEqual(new Set([name]));
  const figures = new Map(lines.map(({ case: on, metric, value }) => [`${on}: ${metric}`, value]));
  expect(figures.size).toBe(lines.length);
  return figures;
}

test("dispatch prints one object a line, nothing else, and every promised figure", () => {
  expect([...figuresOf("dispatch").keys()]).toEqual(
    expect.arrayContaining([
      "2 runs of 20 steps: durable_tasks_per_s",
      "2 runs of 20 steps: raw_store_tasks_per_s",
      "idle: idle_submit_to_start_p50_ms",
      "idle: idle_submit_to_start_p99_ms",
      "chain of 10: ms_per_step",
      "queue: claim_ms_at_1k",
      "queue: claim_ms_at_1m",
      "memory: coordinator_bytes_per_queued_step",
    ]),
  );
});

test("snapshot prints one object a line, nothing else, and every promised figure", () => {
  const figures = figuresOf("snapshot");
  const phases = ["build", "encode", "guard_decode", "hydrate", "zlib_gzip", "zlib_gunzip"];
  const ofPhases = phases.flatMap((phase) =>
    ["ms", "mb_per_s", "peak_mib"].map((unit) => `${phase}_${unit}`),
  );
  const ofLibrary = [...ofPhases, "encode_over_zlib", "guard_decode_over_zlib"];
  const ofDispatch = ["inline_tasks_per_s", "by_reference_tasks_per_s", "by_reference_over_inline"];
  const promised = [
    ...ofLibrary.map((metric) => `5 KB: ${metric}`),
    ...ofDispatch.map((metric) => `64 KiB pack: ${metric}`),
  ];
  expect([...figures.keys()]).toEqual(expect.arrayContaining(promised));
  const of = (metric: string) => figures.get(`64 KiB pack: ${metric}`);
  expect([of("inline_tasks_whole"), of("by_reference_transfers")]).toEqual([of("inline_tasks"), 1]);
});

test("fleet prints one object a line, nothing else, and every promised figure", () => {
  const figures = figuresOf("fleet");
  const herd = ["ready_again_ms", "all_back_after_ready_ms", "all_back_ms", "loop_delay_p99_ms"];
  expect([...figures.keys()]).toEqual(
    expect.arrayContaining([
      "first connection: all_connected_ms",
      "idle: coordinator_cpu_percent",
      "idle: coordinator_resident_mib",
      "idle: heartbeats_per_s",
      "idle: loop_delay_p99_ms",
      "single runs: submit_to_start_p50_ms",
      "single runs: submit_to_start_p99_ms",
      "burst of 20 steps: submit_to_last_start_ms",
      ...herd.map((metric) => `coordinator killed: ${metric}`),
      ...herd.map((metric) => `coordinator restarted: ${metric}`),
      "cancels one by one: cancel_to_worker_p99_ms",
      "cancels at once: cancel_to_worker_p99_ms",
    ]),
  );
  const lost = ["killed", "restarted"].map((how) => figures.get(`coordinator ${how}: leases_lost`));
  expect(lost).toEqual([0, 0]);
});

withEngine("docker", "deploy", () => {
  test("prints one object a line, nothing else, and every promised figure", () => {
    const figures = [...figuresOf("deploy")].map(
      ([name, value]) => [name.replace(/^.*: /, ""), value] as const,
    );
    const of = new Map(figures);
    expect([...of.keys()]).toEqual(
      expect.arrayContaining(["build_path_ms", "image_path_ms", "build_path_over_image_path", "pull_ms"]),
    );
    expect([of.get("bytes_fetched_twice"), (of.get("bytes_fetched") ?? 0) > 0]).toEqual([0, true]);
  });
});

/**
 * The examples, while coordinators are killed with SIGKILL every few seconds and started again. `HAVERSACK_CHAOS_SECONDS`
 * lets it go on for longer, `HAVERSACK_CHAOS_SEED` repeats the choices of a run that failed.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseStepId, type RunDetail, type RunEvent, type RunId, type StepPhase } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Rehearsal, startRehearsal } from "../../packages/cli/src/rehearsal/rehearsal.ts";
import { type ChaosDag, type ChaosFleet, type ChaosReport, judge, runChaos } from "../support/chaos.ts";
import { Fleet, type FleetOptions, haversack, repositoryRoot } from "../support/fleet.ts";
import { makeRepository } from "../support/git-repository.ts";
import { tempSchema, withPostgres } from "../support/postgres.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { tempFolder } from "../support/temp-folder.ts";

const seconds = Number(process.env["HAVERSACK_CHAOS_SECONDS"] ?? "10");
const seed = Number(process.env["HAVERSACK_CHAOS_SEED"] ?? String(Date.now() % 1_000_000));
const timeoutMs = 240_000 + seconds * 4000;

let rehearsal: Rehearsal;
let repository: Awaited<ReturnType<typeof tempFolder>>;
let dags: readonly ChaosDag[];

beforeAll(async () => {
  rehearsal = await startRehearsal();
  repository = await tempFolder("haversack-repository");
  await makeRepository(repository.path);
  dags = [
    await example("hello"),
    await example("word-count"),
    await example("repo-report", { repo: repository.path }),
  ];
});
afterAll(async () => {
  await rehearsal.stop();
  await repository[Symbol.asyncDispose]();
});

async function example(name: string, params: Record<string, string> = {}): Promise<ChaosDag> {
  const fileName = join("examples/dags", `${name}.yaml`);
  return { fileName, params, text: await readFile(join(repositoryRoot, fileName), "utf8") };
}

const options = (): FleetOptions => ({
  leaseTtl: "3s",
  model: "rehearsal",
  env: { HAVERSACK_REHEARSAL_URL: rehearsal.url },
});

async function chaosOn(fleets: readonly ChaosFleet[]): Promise<ChaosReport> {
  const until = performance.now() + seconds * 1000;
  let rounds = 0;
  // However slow the machine is; and some kill has to come at a bad moment.
  const goesOn = (bitten: number): boolean =>
    rounds++ < 3 || performance.now() < until || (bitten === 0 && rounds < 20);
  return await runChaos({ fleets, dags, goesOn, random: seededRandom(seed) });
}

/** Every run that was acknowledged, as a coordinator tells it that outlived the others. */
async function judgeAll(fleet: Fleet, report: ChaosReport, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { runs, kills, bitten, repeated } = report;
  for (const id of runs) {
    const { run, events } = await fleet.finished(id);
    judge(run, events);
  }
  expect(new Set<RunId>(runs).size).toBe(runs.length);
  const check = await haversack(["store", "check", "--data", fleet.data, "--json"], env);
  expect(JSON.parse(check.stdout)).toMatchObject({ ok: true });
  // Without a fault that did something the test would show nothing.
  expect(bitten).toBeGreaterThan(0);
  process.stdout.write(
    `chaos (seed ${seed}): ${JSON.stringify({ runs: runs.length, kills, bitten, repeated })}\n`,
  );
}

test(`one coordinator on the embedded database is killed again and again (seed ${seed})`, {
  timeout: timeoutMs,
}, async () => {
  await using fleet = await Fleet.start(options());
  await fleet.startWorker("w");
  await judgeAll(fleet, await chaosOn([{ fleet, worker: "w" }]));
});

withPostgres("on one PostgreSQL", () => {
  test(`two coordinators of which one is killed again and again (seed ${seed})`, {
    timeout: timeoutMs,
  }, async () => {
    await using schema = await tempSchema();
    await using blobs = await tempFolder("haversack-blobs");
    const shared = { ...options(), blobs: blobs.path };
    const env = { ...shared.env, HAVERSACK_STORE: schema.url };
    await using first = await Fleet.start({ ...shared, env });
    await using second = await Fleet.start({ ...shared, env });
    await first.startWorker("one");
    await second.startWorker("two");
    const report = await chaosOn([
      { fleet: first, worker: "one" },
      { fleet: second, worker: "two" },
    ]);
    await judgeAll(first, report, env);
    const workers = await schema.query("select count(distinct worker_id)::int as n from attempt");
    expect(workers).toEqual([{ n: 2 }]);
  });
});

describe("the judge", () => {
  const step = (seq: number, stepId: string, phase: StepPhase): RunEvent => ({
    seq,
    at: 0,
    change: { kind: "step", stepId: parseStepId(stepId), phase, attempt: 1 },
  });
  const fair = [
    step(1, "a", "leased"),
    step(2, "a", "succeeded"),
    step(3, "b", "leased"),
    step(4, "b", "succeeded"),
  ];
  const run = {
    status: "succeeded",
    steps: [
      { id: "a", depends: [] },
      { id: "b", depends: ["a"] },
    ],
  } as unknown as RunDetail;
  const renumbered = (events: RunEvent[]): RunEvent[] =>
    events.map((event, index) => ({ ...event, seq: index + 1 }));

  test("has nothing against a run as it should be", () => judge(run, fair));

  test.each([
    ["a run that did not succeed", { ...run, status: "failed" }, fair],
    [
      "a gap in the events",
      run,
      fair.map((event) => ({ ...event, seq: event.seq + (event.seq > 2 ? 1 : 0) })),
    ],
    ["a step that was accepted twice", run, renumbered([...fair, step(5, "b", "succeeded")])],
    ["a step that was never accepted", run, fair.slice(0, 3)],
    [
      "a step that began before its dependency had ended",
      run,
      renumbered([0, 2, 1, 3].map((at) => fair[at] as RunEvent)),
    ],
    ["a step that was given out after its end", run, renumbered([...fair, step(5, "a", "leased")])],
  ] as const)("notices %s", (_, told, events) => {
    expect(() => judge(told, events)).toThrow("expected");
  });
});

/** Schedules with real processes: real seconds, real kills, the commands as a person types them. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ScheduleInfo } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { until } from "../support/fake-clock.ts";
import { Fleet, haversack, noSignal } from "../support/fleet.ts";

const dag = (schedule: string, step = "run: echo for $PARAM_who"): string => `
name: often
params: { who: { type: string, default: nobody } }
schedule: ${schedule}
steps:
  - { id: say, ${step} }
`;

async function store(fleet: Fleet, text: string) {
  return await (await fleet.client()).putDag({ dag: text, fileName: "often.yaml" }, noSignal);
}

async function schedule(fleet: Fleet): Promise<ScheduleInfo> {
  const [first] = await (await fleet.client()).schedules("often", 100, noSignal);
  return first ?? expect.fail("no schedule");
}

const ticksOf = async (fleet: Fleet, outcome: string) =>
  (await schedule(fleet)).ticks.filter((tick) => tick.outcome === outcome);

/** Its coordinator has started a run for a schedule; to ask it until then would keep it from that. */
const begun = (fleet: Fleet) => fleet.coordinator?.line(/started by its schedule/);

async function runsOf(fleet: Fleet) {
  const { runs } = await (await fleet.client()).runs({ dagName: "often", pageSize: 500 }, noSignal);
  return runs;
}

describe("a stored DAG with a schedule", () => {
  test("is started at its times, says so, and stops while it is paused", async () => {
    await using fleet = await Fleet.start();
    await fleet.startWorker("w");
    const flags = ["--data", fleet.data];
    const file = join(fleet.folder, "often.yaml");
    await writeFile(file, dag('{ cron: "*/2 * * * * *", params: { who: the schedule } }'));
    expect((await haversack(["dag", "put", file, ...flags])).stdout).toBe("often stored\n");
    expect((await haversack(["dag", "put", file, ...flags])).stdout).toBe("often unchanged\n");
    await begun(fleet);
    await until(async () => (await ticksOf(fleet, "started")).length > 1);
    const [tick] = await ticksOf(fleet, "started");
    const runId = tick?.runId ?? expect.fail("no run");
    const { run } = await fleet.finished(runId);
    expect([run.status, run.trigger]).toEqual([
      "succeeded",
      { kind: "schedule", schedule: 0, due: tick?.due },
    ]);
    expect(await fleet.log(runId, "say")).toBe("for the schedule\n");
    expect((await haversack(["show", runId, ...flags])).stdout).toContain("started by schedule, for 20");

    expect((await haversack(["schedule", "pause", "often", "--note", "for a test", ...flags])).code).toBe(0);
    await fleet.killCoordinator();
    await fleet.startCoordinator();
    const list = await haversack(["schedule", "list", ...flags]);
    expect(list.stdout).toMatch(/often\/0 .*\n {2}paused since .*: for a test\n/);
    const { length } = await runsOf(fleet);
    const triggered = await haversack(["schedule", "trigger", "often", "-p", "who=me", "--follow", ...flags]);
    expect([triggered.code, triggered.stdout]).toEqual([0, expect.stringContaining("[say] for me\n")]);
    const once = await haversack(["run", "--dag", "often", "--follow", ...flags]);
    expect([once.code, once.stdout]).toEqual([0, expect.stringContaining("[say] for nobody\n")]);
    expect((await runsOf(fleet)).length).toBe(length + 2);
    expect((await haversack(["schedule", "resume", "often", ...flags])).stdout).toBe("often goes on\n");
    const before = (await ticksOf(fleet, "started")).length;
    await until(async () => (await ticksOf(fleet, "started")).length > before);
    expect((await haversack(["dag", "delete", "often", ...flags])).code).toBe(0);
    expect((await haversack(["dag", "get", "often", ...flags])).code).toBe(4);
    expect((await fleet.finished(runId)).run.status).toBe("succeeded");
  });

  test("that is wrong is refused whole, agent items too", async () => {
    await using fleet = await Fleet.start({ model: "rehearsal" });
    const file = join(fleet.folder, "often.yaml");
    await writeFile(file, dag('{ cron: "* * *", timezone: Mars }'));
    const refused = await haversack(["dag", "put", file, "--data", fleet.data]);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/schedule\.cron.*\n.*schedule\.timezone/),
    ]);
    await writeFile(file, dag('"@daily"', "agent: { use: nobody, prompt: x }"));
    const lacking = await haversack(["dag", "put", file, "--data", fleet.data]);
    expect([lacking.code, lacking.stderr]).toEqual([2, expect.stringContaining('"nobody"')]);
    expect(await (await fleet.client()).dags(noSignal)).toEqual([]);
  });
});

describe("a coordinator that is killed over the times of a schedule", () => {
  test.each(["last", "all"] as const)("with catchUp: %s makes up for them exactly once", async (catchUp) => {
    await using fleet = await Fleet.start();
    await store(fleet, dag(`{ cron: "* * * * * *", catchUp: ${catchUp}, overlap: queue }`, "run: 'true'"));
    await fleet.startWorker("w");
    await begun(fleet);
    await until(async () => (await ticksOf(fleet, "started")).length > 0);
    // To start takes its seconds; the second kill comes in the middle of making up.
    for (let kill = 0; kill < 2; kill++) {
      await fleet.killCoordinator();
      await fleet.startCoordinator();
    }
    const backAt = Date.now();
    await until(async () => (await ticksOf(fleet, "started")).some(({ due }) => due > backAt));
    const { ticks } = await schedule(fleet);
    const runs = await runsOf(fleet);
    expect(new Set(runs.map(({ trigger }) => trigger?.due)).size).toBe(runs.length);
    const decided = ticks.filter(({ due }) => due < backAt);
    expect(decided.length).toBeGreaterThan(2);
    // Every second was decided, whoever was alive then.
    const [newest = 0] = decided.map(({ due }) => due);
    expect(decided.map(({ due }) => due)).toEqual(decided.map((_, index) => newest - index * 1000));
    const outcomes = new Set(decided.map(({ outcome }) => outcome));
    if (catchUp === "all") expect([...outcomes]).toEqual(["started"]);
    for (const tick of decided.filter(({ outcome }) => outcome === "started")) {
      expect(runs.filter(({ trigger }) => trigger?.due === tick.due).map(({ id }) => id)).toEqual([
        tick.runId,
      ]);
    }
  });
});

test("backfill starts the runs of a range, and nothing when it is asked again", async () => {
  await using fleet = await Fleet.start();
  await fleet.startWorker("w");
  await store(fleet, dag('{ cron: "30 2 * * *", timezone: Europe/Berlin, params: { who: the past } }'));
  const line = [
    "schedule",
    "backfill",
    "often",
    "--from",
    "2026-03-28",
    "--to",
    "2026-03-31",
    "--json",
    "--data",
    fleet.data,
  ];
  const ticksIn = (stdout: string) =>
    (JSON.parse(stdout) as { ticks: { due: string; runId: string; existed: boolean }[] }).ticks;
  const first = ticksIn((await haversack(line)).stdout);
  // The night of 29 March has no 2:30.
  expect(first.map(({ due }) => due)).toEqual([
    "2026-03-28T01:30:00.000Z",
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:30:00.000Z",
  ]);
  expect(ticksIn((await haversack(line)).stdout)).toEqual(
    first.map((tick) => ({ ...tick, at: expect.anything(), existed: true })),
  );
  expect((await runsOf(fleet)).map(({ trigger }) => trigger?.kind)).toEqual([
    "backfill",
    "backfill",
    "backfill",
  ]);
  const { runId } = first[0] ?? expect.fail("no run");
  const [run] = (await runsOf(fleet)).filter(({ id }) => id === runId);
  await fleet.finished(run?.id ?? expect.fail("no run"));
  expect(await fleet.log(run?.id ?? expect.fail("no run"), "say")).toBe("for the past\n");
  const tooMany = await haversack([
    "schedule",
    "backfill",
    "often",
    "--from",
    "2020-01-01",
    "--data",
    fleet.data,
  ]);
  expect([tooMany.code, tooMany.stderr]).toEqual([2, expect.stringContaining("more than 100 times")]);
});

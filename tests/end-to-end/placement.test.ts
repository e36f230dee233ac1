/** Limits, keys and explanations with real processes, some of which are killed. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunDetail, RunEvent } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { acceptedCounts, Fleet, haversack, noSignal } from "../support/fleet.ts";

const stepsCount = 12;
const bounded = `
name: bounded
defaults: { retry: { limit: 3 } }
steps:
${Array.from(
  { length: stepsCount },
  (_, index) =>
    `  - { id: s${index}, run: "sleep 0.3", concurrency: [{ key: db, limit: 3 }, { pool: licences, units: 2 }] }`,
).join("\n")}
`;

/** Attempts that hold a lease after each event, at most. */
function mostAtOnce(events: readonly RunEvent[]): number {
  const live = new Set<string>();
  let most = 0;
  for (const { change } of events) {
    if (change.kind !== "step") continue;
    if (change.phase === "leased" || change.phase === "running") live.add(change.stepId);
    else live.delete(change.stepId);
    most = Math.max(most, live.size);
  }
  return most;
}

const cli = (fleet: Fleet, ...args: string[]) => haversack([...args, "--data", fleet.data]);

describe("keys and pools of steps", () => {
  test("are never exceeded and never leak, though a worker and the coordinator are killed", async () => {
    await using fleet = await Fleet.start({ leaseTtl: "3s" });
    expect((await cli(fleet, "pool", "set", "licences", "--limit", "5")).stdout).toBe(
      "pool licences has 5 units, 0 in use\n",
    );
    const first = await fleet.startWorker("first");
    await fleet.startWorker("second");
    const run = await fleet.submit(bounded);
    await fleet.event(run.id, ({ change }) => change.kind === "step" && change.phase === "running");
    await first.kill("SIGKILL");
    await fleet.event(run.id, ({ change }) => change.kind === "step" && change.phase === "succeeded");
    await fleet.killCoordinator();
    await fleet.startCoordinator();
    await fleet.startWorker("first");
    const { run: ended, events } = await fleet.finished(run.id);
    expect(ended.status).toBe("succeeded");
    // Of five licences each takes two.
    expect(mostAtOnce(events)).toBe(2);
    expect([...acceptedCounts(events).values()]).toEqual(Array.from({ length: stepsCount }, () => 1));
    expect(JSON.parse((await cli(fleet, "pool", "list", "--json")).stdout)).toEqual({
      pools: [{ name: "licences", limit: 5, inUse: 0 }],
    });
    expect((await cli(fleet, "pool", "delete", "licences")).code).toBe(0);
  });

  test("a pool that is not there is told with its place before anything is stored", async () => {
    await using fleet = await Fleet.start();
    await cli(fleet, "pool", "set", "licences", "--limit", "1");
    const file = join(fleet.folder, "dag.yaml");
    await writeFile(file, "name: x\nsteps:\n  - { id: a, run: x, concurrency: { pool: licenses } }\n");
    const { code, stdout, stderr } = await cli(fleet, "validate", file);
    expect([code, stdout + stderr]).toEqual([
      2,
      expect.stringMatching(
        /:3:\d+: steps\[0\]\.concurrency: there is no pool "licenses"; did you mean "licences"\?/,
      ),
    ]);
  });
});

/** Runs until the file is there. */
const deploy = (onConflict: string) => `
name: deploy
params: { gate: { type: string }, target: { type: string, default: prod } }
concurrency: { key: "deploy-\${{ params.target }}", onConflict: ${onConflict} }
steps:
  - { id: go, run: "while [ ! -e \\"$PARAM_gate\\" ]; do sleep 0.05; done" }
  - { id: after, depends: [go], run: "true" }
`;

describe("runs that share a key", () => {
  test("wait for each other and say so; another key does not wait", async () => {
    await using fleet = await Fleet.start();
    await fleet.startWorker("w");
    const gate = join(fleet.folder, "gate");
    const submit = (target: string) => fleet.submit(deploy("queue"), { gate, target });
    const [first, second, elsewhere] = [await submit("prod"), await submit("prod"), await submit("test")];
    await fleet.step(first.id, "go", "running");
    await fleet.step(elsewhere.id, "go", "running");
    const why = await cli(fleet, "why", second.id);
    expect(why.stdout).toContain(
      `go is waiting\n  one run at a time may have the key deploy-prod: ${first.id} has it\n`,
    );
    expect(why.stdout).toContain("waits for go (waiting)");
    const shown = JSON.parse((await cli(fleet, "show", second.id, "--json")).stdout) as RunDetail;
    expect(shown.steps[0]?.waitingFor).toContain("deploy-prod");
    // What waits survives the coordinator.
    await fleet.killCoordinator();
    await fleet.startCoordinator();
    await writeFile(gate, "");
    const { events: before } = await fleet.finished(first.id);
    const { run: ended, events: after } = await fleet.finished(second.id);
    expect(ended.status).toBe("succeeded");
    const started = after.find(({ change }) => change.kind === "step" && change.phase === "leased");
    expect(started?.at ?? 0).toBeGreaterThanOrEqual(before.at(-1)?.at ?? Number.POSITIVE_INFINITY);
  });

  test("the next may be refused, or take the place of the one before", async () => {
    await using fleet = await Fleet.start();
    await fleet.startWorker("w");
    const [gate, open] = [join(fleet.folder, "gate"), join(fleet.folder, "open")];
    await writeFile(open, "");
    const first = await fleet.submit(deploy("queue"), { gate });
    await fleet.step(first.id, "go", "running");
    const refused = fleet.submit(deploy("skip"), { gate });
    await expect(refused).rejects.toMatchObject({ code: "run_key_taken" });
    const replacing = await fleet.submit(deploy("cancel-running"), { gate: open });
    expect((await fleet.finished(first.id)).run.status).toBe("cancelled");
    expect((await fleet.finished(replacing.id)).run.status).toBe("succeeded");
    expect((await (await fleet.client()).runs({}, noSignal)).runs).toHaveLength(2);
  });
});

test("workers are chosen by what their labels are, are not, and whether they are there", async () => {
  await using fleet = await Fleet.start();
  await fleet.startWorker("old", ["--label", "zone=a", "--label", "spot=yes"]);
  await fleet.startWorker("new", ["--label", "zone=b", "--label", "gpu=h100"]);
  const run = await fleet.submit(`
name: choosy
params: { zone: { type: string, default: b } }
worker: { zone: [a, b, c] }
steps:
  - { id: in-b, run: "true", worker: { zone: { in: ["\${{ params.zone }}", x] } } }
  - { id: no-spot, run: "true", worker: { spot: { not: yes } } }
  - { id: has-gpu, run: "true", worker: { gpu: { exists: true } } }
  - { id: no-gpu, run: "true", worker: { gpu: { exists: false } } }
`);
  const { run: ended } = await fleet.finished(run.id);
  expect(ended.steps.map(({ id, workerName }) => [id, workerName])).toEqual([
    ["in-b", "new"],
    ["no-spot", "new"],
    ["has-gpu", "new"],
    ["no-gpu", "old"],
  ]);
});

test("a worker that takes deploys only gets no command, and why says so", async () => {
  await using fleet = await Fleet.start();
  await fleet.startWorker("deploys", ["--deploy", "docker=/nowhere/docker.sock", "--takes", "deploys"]);
  const { id } = await fleet.submit("name: plain\nsteps: [{ id: a, run: 'true' }]\n");
  await expect
    .poll(async () => (await cli(fleet, "why", id)).stdout, { timeout: 20_000 })
    .toContain("take deploys only (deploys)");
  await fleet.startWorker("any");
  const { run } = await fleet.finished(id);
  expect([run.status, run.steps[0]?.workerName]).toEqual(["succeeded", "any"]);
});

/** Runs that wait, with real processes: for a person, for their time, because somebody paused them; and kills in between. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunEvent, RunId, WaitingApproval } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { acceptedCounts, Fleet, haversack, noSignal, repositoryRoot } from "../support/fleet.ts";

const example = "examples/dags/release.yaml";

/** The time has to pass while nobody is there: a moment on the clock, not a guess. */
const moment = (at: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now())));

const indexOf = (events: readonly RunEvent[], matches: (change: RunEvent["change"]) => boolean): number =>
  events.findIndex(({ change }) => matches(change));

describe("the example that asks a person", () => {
  test("waits over kills of the coordinator, takes one answer that fits, and goes on with it", async () => {
    await using fleet = await Fleet.start();
    await fleet.startWorker("w");
    const flags = ["--data", fleet.data];
    const run = await fleet.submit(await readFile(join(repositoryRoot, example), "utf8"), { version: "2.0" });
    await fleet.step(run.id, "approve", "suspended");
    await fleet.killCoordinator();
    await fleet.startCoordinator();
    const list = await haversack(["approvals", ...flags]);
    expect(list.stdout).toMatch(
      /\nrun-|\n\S+ +approve +release .*release-owners +Ship version 2\.0 \(3 bytes\)\?/,
    );
    const shown = await haversack(["show", run.id, ...flags]);
    expect(shown.stdout).toMatch(/Ship version 2\.0[^]*ring: "canary" \| "all"[^]*\(then: reject\)/);

    const answer = (...more: string[]) => haversack(["answer", run.id, "approve", ...more, ...flags]);
    const bad = await answer("--approve", "--field", "ring=none", "--field", "hosts=0");
    expect([bad.code, bad.stderr]).toEqual([2, expect.stringMatching(/fields\.ring: .*\n.*fields\.hosts: /)]);
    await writeFile(join(fleet.folder, "form.json"), '{"ring":"canary"}');
    const good = [
      "--approve",
      "--fields",
      join(fleet.folder, "form.json"),
      "--field",
      "hosts=2",
      "--as",
      "Ann",
    ];
    // The answer is on its way when the coordinator dies: whatever became of it, it can be given again.
    const first = answer(...good);
    await fleet.step(run.id, "approve", "succeeded").catch(() => {});
    await fleet.killCoordinator();
    await fleet.startCoordinator();
    expect([0, 3]).toContain((await first).code);
    const again = await answer(...good);
    expect([again.code, again.stdout]).toEqual([0, "step approve had this answer already\n"]);
    const other = await answer("--reject");
    expect([other.code, other.stderr]).toEqual([
      2,
      expect.stringContaining("was approved already, by admin for Ann; the first answer counts"),
    ]);
    const { run: ended, events } = await fleet.finished(run.id);
    expect([ended.status, acceptedCounts(events).get("approve")]).toEqual(["succeeded", 1]);
    expect(await fleet.log(run.id, "ship")).toBe("version 2.0 to canary, 2 at a time, approved by admin\n");
    expect((await (await fleet.client()).approvals({}, noSignal)).approvals).toEqual([]);
  });

  test("is not shipped when it is rejected, and its handler says why", async () => {
    await using fleet = await Fleet.start();
    await fleet.startWorker("w");
    const submit = ["run", example, "--follow", "--data", fleet.data];
    const following = haversack(submit);
    let waiting: WaitingApproval | undefined;
    while (waiting === undefined)
      [waiting] = (await (await fleet.client()).approvals({}, noSignal)).approvals;
    const { runId } = waiting;
    const rejected = await haversack([
      "answer",
      runId,
      "--reject",
      "--comment",
      "not now",
      "--data",
      fleet.data,
    ]);
    expect([rejected.code, rejected.stdout]).toEqual([0, "step approve is rejected\n"]);
    const { code, stdout } = await following;
    expect(code).toBe(1);
    expect(stdout).toContain("step approve failed");
    expect(await fleet.log(runId, "tell")).toBe("not shipped, step approve: rejected by admin: not now\n");
  });
});

const limited = (limits: string, steps: string) => `name: limited\n${limits}\nsteps:\n${steps}\n`;

describe("time limits", () => {
  test("that pass while no coordinator is there count when one is back", async () => {
    await using fleet = await Fleet.start({ leaseTtl: "20s" });
    const worker = await fleet.startWorker("w");
    const asks = limited(
      "",
      "  - { id: ask, human: { prompt: ok?, timeout: 2s, onTimeout: approve } }\n  - { id: b, depends: [ask], run: 'true' }",
    );
    const queued = limited("", "  - { id: a, worker: { pool: none }, queueTimeout: 2s, run: 'true' }");
    const long = limited(
      'timeout: 2s\nonFailure: [{ id: tell, run: \'echo "$WHY"\', env: { WHY: "${{ run.error }}" } }]',
      "  - { id: a, run: 'echo here; sleep 600' }",
    );
    const runs: RunId[] = [];
    for (const text of [asks, queued, long]) runs.push((await fleet.submit(text)).id);
    const [asked, waits, runs600] = runs as [RunId, RunId, RunId];
    await fleet.step(runs600, "a", "running");
    await fleet.killCoordinator();
    await moment(Date.now() + 2000);
    await fleet.startCoordinator();
    expect((await fleet.finished(asked)).run.steps[0]).toMatchObject({
      phase: "succeeded",
      outputs: { decision: "approved", by: "timeout" },
    });
    const queue = (await fleet.finished(waits)).run;
    expect([queue.status, queue.failure?.code]).toEqual(["failed", "queue_timeout"]);
    const { run, events } = await fleet.finished(runs600);
    expect([run.status, run.failure?.code, run.steps[0]?.phase]).toEqual([
      "failed",
      "run_timeout",
      "cancelled",
    ]);
    expect(await fleet.log(runs600, "tell")).toBe(
      "its steps had not ended after 2.0s, the timeout of the DAG\n",
    );
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(worker.child.exitCode).toBeNull();
  });
});

describe("a paused run", () => {
  const many = (name: string, count: number): string => {
    const steps = Array.from({ length: count }, (_, index) => `  - { id: s${index}, run: 'true' }`);
    return `name: ${name}\nsteps:\n${steps.join("\n")}\n`;
  };

  test("starts nothing under load until it is resumed, other runs go on, and it says so", async () => {
    await using fleet = await Fleet.start();
    const flags = ["--data", fleet.data];
    const big = await fleet.submit(many("big", 60));
    await fleet.startWorker("w");
    await fleet.event(big.id, ({ change }) => change.kind === "step" && change.phase === "succeeded");
    const paused = await haversack(["pause", big.id, "--reason", "for a test", ...flags]);
    expect([paused.code, paused.stdout]).toEqual([0, `run ${big.id} is paused\n`]);
    await fleet.killCoordinator();
    await fleet.startCoordinator();
    const other = await fleet.submit(many("other", 8));
    expect((await fleet.finished(other.id)).run.status).toBe("succeeded");
    expect((await haversack(["show", big.id, ...flags])).stdout).toMatch(/paused +since .*: for a test\n/);
    expect((await haversack(["runs", ...flags])).stdout).toContain("running, paused");
    expect((await haversack(["resume", big.id, ...flags])).stdout).toBe(`run ${big.id} goes on\n`);
    const { run, events } = await fleet.finished(big.id);
    expect(run.status).toBe("succeeded");
    expect([...acceptedCounts(events).values()]).toEqual(Array.from({ length: 60 }, () => 1));
    const from = indexOf(events, (change) => change.kind === "run" && change.paused === true);
    const to =
      indexOf(events.slice(from), (change) => change.kind === "run" && change.paused !== true) + from;
    const started = events
      .slice(from, to)
      .filter(({ change }) => change.kind === "step" && change.phase === "leased");
    expect([from > 0, to > from, started]).toEqual([true, true, []]);
  });
});

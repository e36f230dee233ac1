/** Cordons and drains, with real processes: a drained worker gets nothing new and loses nothing (W1). */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { acceptedCounts, Fleet, haversack, noSignal } from "../support/fleet.ts";

/** One step that ends when a file is there, on the worker of a name. */
const waiting = (worker: string) => `
name: waiting
params:
  go: { type: string }
steps:
  - id: wait
    worker: { name: ${worker} }
    run: until [ -e "$PARAM_go" ]; do sleep 0.05; done
`;

const labelled = (name: string): string[] => ["--label", `name=${name}`];

describe("a worker that an operator drains", () => {
  test("keeps what it has, gets nothing new over restarts of both ends, and says when it is drained", async () => {
    await using fleet = await Fleet.start();
    const flags = ["--data", fleet.data];
    const workers = (...more: string[]) => haversack(["workers", ...more, ...flags]);
    let worker = await fleet.startWorker("a", labelled("a"));
    const go = join(fleet.folder, "go");
    const first = await fleet.submit(waiting("a"), { go });
    await fleet.step(first.id, "wait", "running");

    const cordon = await workers("cordon", "a", "--reason", "new disk");
    expect([cordon.code, cordon.stdout]).toEqual([0, "a gets nothing new; what it has goes on (1 step)\n"]);
    const second = await fleet.submit(waiting("a"), { go });
    await fleet.killCoordinator();
    await (await fleet.startCoordinator()).line(/worker connected/);
    const why = await haversack(["why", second.id, "wait", ...flags]);
    expect(why.stdout).toContain("a, the only worker that may run it, is cordoned");

    const drain = haversack(["workers", "drain", "a", "--wait", ...flags]);
    await writeFile(go, "");
    const { run } = await fleet.finished(first.id);
    expect([run.status, run.steps[0]?.attempt]).toEqual(["succeeded", 1]);
    expect(await drain).toMatchObject({ code: 0, stdout: "a is drained\n" });
    expect((await worker.kill("SIGTERM")).code).toBe(0);
    worker = await fleet.startWorker("a", labelled("a"));
    await worker.line(/told what this worker may take/);
    expect((await workers()).stdout).toMatch(/a +connected, drained +0\/4/);
    const client = await fleet.client();
    expect((await client.run(second.id, noSignal)).steps[0]?.phase).toBe("ready");

    expect((await workers("uncordon", "a")).stdout).toBe("a gets steps again\n");
    expect((await fleet.finished(second.id)).run.status).toBe("succeeded");
  });

  test("with a deadline hands back what still runs: an interrupted attempt is no failed one", async () => {
    await using fleet = await Fleet.start();
    const slow = `
name: slow
steps:
  - id: work
    run: |
      if [ "$HAVERSACK_ATTEMPT" = 1 ]; then sleep 600; fi
`;
    await fleet.startWorker("a");
    const run = await fleet.submit(slow);
    await fleet.step(run.id, "work", "running");
    const drain = ["workers", "drain", "a", "--deadline", "100ms", "--wait", "--json"];
    const { code, stdout } = await haversack([...drain, "--data", fleet.data]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      worker: { name: "a", availability: "drained", slotsUsed: 0 },
    });
    await fleet.startWorker("b");
    const { run: ended, events } = await fleet.finished(run.id);
    expect([ended.status, ended.steps[0]?.attempt]).toEqual(["succeeded", 2]);
    expect(acceptedCounts(events).get("work")).toBe(1);
  });

  test("is named; a name that nobody has is an error", async () => {
    await using fleet = await Fleet.start();
    const { code, stderr } = await haversack(["workers", "cordon", "nobody", "--data", fleet.data]);
    expect([code, stderr]).toEqual([4, expect.stringContaining('no worker is called "nobody"')]);
  });
});

test("a fleet of which every worker is restarted and drained in turn loses no step and fails none", async () => {
  await using fleet = await Fleet.start();
  const flags = ["--data", fleet.data];
  let one = await fleet.startWorker("one");
  await fleet.startWorker("two");
  const steps = Array.from({ length: 60 }, (_, at) => `  - { id: s${at}, run: "sleep 0.1" }`);
  const run = await fleet.submit(`name: many\nsteps:\n${steps.join("\n")}\n`);
  for (let round = 0; round < 3; round++) {
    expect((await one.kill("SIGTERM")).code).toBe(0);
    one = await fleet.startWorker("one");
    expect((await haversack(["workers", "drain", "two", "--wait", ...flags])).code).toBe(0);
    expect((await haversack(["workers", "uncordon", "two", ...flags])).code).toBe(0);
  }
  const { run: ended, events } = await fleet.finished(run.id);
  expect([ended.status, ended.steps.map(({ phase }) => phase)]).toEqual([
    "succeeded",
    steps.map(() => "succeeded"),
  ]);
  expect([...acceptedCounts(events).values()].every((count) => count === 1)).toBe(true);
});

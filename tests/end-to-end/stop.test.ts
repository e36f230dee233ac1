/** SIGTERM in two stages, with real processes: the first lets end what runs, the second hands it back. */

import { describe, expect, test } from "vitest";
import { Fleet } from "../support/fleet.ts";

const dag = (first: string) => `
name: stop
steps:
  - id: work
    run: |
      if [ "$HAVERSACK_ATTEMPT" = 1 ]; then ${first}; fi
`;

describe("a worker that is told to stop", () => {
  test("lets end what runs, and its result arrives", async () => {
    await using fleet = await Fleet.start();
    const worker = await fleet.startWorker("a");
    const run = await fleet.submit(dag("sleep 1"));
    await fleet.step(run.id, "work", "running");
    const { code, stderr } = await worker.kill("SIGTERM");
    expect([code, stderr]).toEqual([0, expect.stringContaining("Another Ctrl-C or SIGTERM ends them")]);
    const { run: ended } = await fleet.finished(run.id);
    expect([ended.status, ended.steps[0]?.attempt]).toEqual(["succeeded", 1]);
  });

  test("told twice, or when its time is over, hands back what runs", async () => {
    await using fleet = await Fleet.start();
    const first = await fleet.startWorker("a");
    const run = await fleet.submit(dag("sleep 600"));
    await fleet.step(run.id, "work", "running", 1);
    first.child.kill("SIGTERM");
    await first.line(/stopping: no new steps/);
    // What comes within 400 ms is the echo of the first, such as npm's.
    setTimeout(() => first.child.kill("SIGTERM"), 600);
    expect((await first.ended).code).toBe(0);
    await fleet.startWorker("b");
    expect((await fleet.finished(run.id)).run.steps[0]).toMatchObject({ phase: "succeeded", attempt: 2 });

    const limited = await fleet.startWorker("c", ["--label", "only=c", "--drain-timeout", "200ms"]);
    const second = await fleet.submit(dag("sleep 600").replace("run: |", "worker: { only: c }\n    run: |"));
    await fleet.step(second.id, "work", "running", 1);
    expect((await limited.kill("SIGTERM")).code).toBe(0);
    await fleet.startWorker("d", ["--label", "only=c"]);
    expect((await fleet.finished(second.id)).run.steps[0]).toMatchObject({ phase: "succeeded", attempt: 2 });
  });
});

test("a coordinator that is told to stop says goodbye to its workers, and is gone within ten seconds", async () => {
  await using fleet = await Fleet.start();
  const worker = await fleet.startWorker("a");
  const run = await fleet.submit(dag("sleep 2"));
  await fleet.step(run.id, "work", "running");
  const began = performance.now();
  const { code, stderr } = (await fleet.coordinator?.kill("SIGTERM")) ?? { code: undefined, stderr: "" };
  expect([code, stderr]).toEqual([0, expect.stringContaining("stopping: calls that are under way may end")]);
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(await worker.line(/session ended/)).toMatch(/"why":"the coordinator stops","waitMs":\d{3,}/);
  await fleet.startCoordinator();
  const { run: ended } = await fleet.finished(run.id);
  expect([ended.status, ended.steps[0]?.attempt]).toEqual(["succeeded", 1]);
});

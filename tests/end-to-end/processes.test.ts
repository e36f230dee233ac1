/** Nothing of a step outlives its end, and none takes more than it may: real workers, with the best that this host allows. */

import { systemRandom } from "@haversack/base";
import type { RunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { Fleet, noSignal } from "../support/fleet.ts";
import { processesWith } from "../support/linux-processes.ts";

/** Every way out of a process tree that the bad-input catalogue names, with a name of its own for all of it (PR-10). */
const escapes = (nap: string, timeout: string): string => `
name: escapes
steps:
  - id: away
    timeout: ${timeout}
    run: |
      trap '' TERM
      setsid sleep ${nap} &
      ( (setsid sleep ${nap} &) & )
      ( (env -i setsid sleep ${nap} &) & )
      env -i bash -c 'trap "" TERM; echo out; while :; do sleep ${nap}; done' &
      while :; do sleep ${nap}; done
`;
const freshNap = (): string => `3600.${Number.parseInt(systemRandom.id().slice(-12), 16)}`;

async function until(isTrue: () => boolean, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (!isTrue() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  return isTrue();
}

/** What its one worker says of itself, once it is there. */
async function labelOf(fleet: Fleet, name: string): Promise<string | undefined> {
  const client = await fleet.client();
  const { id } = await fleet.submit("name: hello\nsteps: [{ id: a, run: 'true' }]\n");
  await fleet.finished(id);
  const [worker] = await client.workers(noSignal);
  return worker?.labels.get(name);
}
const strongest = async (fleet: Fleet): Promise<boolean> =>
  (await labelOf(fleet, "ending")) === "pid-namespace";

async function escaped(
  fleet: Fleet,
  timeout = "1h",
): Promise<{ readonly id: RunId; readonly isGone: () => boolean }> {
  const nap = freshNap();
  const { id } = await fleet.submit(escapes(nap, timeout));
  for await (const { data } of (await fleet.client()).logs(
    { runId: id, stepId: "away", follow: true },
    noSignal,
  )) {
    if (Buffer.from(data).includes("out")) break;
  }
  expect(await until(() => processesWith(`sleep\0${nap}`).length >= 5, 5000)).toBe(true);
  return { id, isGone: () => processesWith(`sleep\0${nap}`).length === 0 };
}

describe("no process is left (C1, L6)", () => {
  test("2 s after the worker was killed", async (context) => {
    await using fleet = await Fleet.start();
    const worker = await fleet.startWorker("w");
    context.skip(!(await strongest(fleet)), "this host has no pid namespaces");
    const { isGone } = await escaped(fleet);
    await worker.kill();
    expect(await until(isGone, 2000)).toBe(true);
  });

  test("of a run that was cancelled", async (context) => {
    await using fleet = await Fleet.start();
    await fleet.startWorker("w");
    context.skip(!(await strongest(fleet)), "this host has no pid namespaces");
    const { id, isGone } = await escaped(fleet);
    await (await fleet.client()).cancel(id, noSignal);
    expect((await fleet.finished(id)).run.status).toBe("cancelled");
    expect(isGone()).toBe(true);
  });

  test("of an attempt whose time is over", async (context) => {
    await using fleet = await Fleet.start();
    await fleet.startWorker("w");
    context.skip(!(await strongest(fleet)), "this host has no pid namespaces");
    const { id, isGone } = await escaped(fleet, "3s");
    const { run } = await fleet.finished(id);
    expect(run.steps[0]?.failure?.code).toBe("timeout");
    expect(isGone()).toBe(true);
  });

  test("when the coordinator is away for as long as a lease", async (context) => {
    await using fleet = await Fleet.start({ leaseTtl: "16s" });
    await fleet.startWorker("w");
    context.skip(!(await strongest(fleet)), "this host has no pid namespaces");
    const { isGone } = await escaped(fleet);
    await fleet.killCoordinator();
    expect(await until(isGone, 16_000)).toBe(true);
  });
});

const limited = `
name: limited
defaults: { limits: { memory: 128MiB, pids: 60, files: 256, enforcement: hard } }
steps:
  - id: hog
    run: |
      exec ${process.execPath} -e 'const kept = []; for (;;) kept.push(Buffer.alloc(4194304, 1))'
  - id: bomb
    run: |
      bomb() { bomb | bomb & }; bomb; sleep 2; exit 1
  - id: modest
    run: ulimit -n
`;

describe("limits of a step", () => {
  test("fail it by name, and leave the worker and its other steps alone (PR-11)", async (context) => {
    await using fleet = await Fleet.start();
    await fleet.startWorker("w");
    context.skip(
      (await labelOf(fleet, "limits")) !== "hard",
      "this host has no control groups that may be written",
    );
    const { run } = await fleet.finished((await fleet.submit(limited)).id);
    const told = run.steps.map(({ id, phase, failure }) => [id, phase, failure?.code, failure?.message]);
    expect(told).toEqual([
      ["hog", "failed", "limit_exceeded", "ran into its memory limit of 128MiB: killed by SIGKILL"],
      ["bomb", "failed", "limit_exceeded", expect.stringMatching(/^ran into its pids limit of 60: /)],
      ["modest", "succeeded", undefined, undefined],
    ]);
    expect(await fleet.log(run.id, "modest")).toBe("256\n");
  });

  test("that must be kept wait for a worker that keeps them, and say so", async () => {
    await using fleet = await Fleet.start();
    await fleet.startWorker("w", [], { HAVERSACK_LIMITS: "none" });
    const { id } = await fleet.submit(limited);
    const client = await fleet.client();
    const why = await client.explain(id, "hog", noSignal);
    expect(JSON.stringify(why)).toContain("limits");
    await client.cancel(id, noSignal);
  });
});

/** What survives what: real processes, ended at the worst moments. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { platform } from "node:process";
import { describe, expect, test } from "vitest";
import { acceptedCounts, Fleet, noSignal } from "../support/fleet.ts";
import { processesWith } from "../support/linux-processes.ts";

/** `before` leaves a line and waits for a file; `after` counts the lines. */
const gated = `
name: gated
params:
  gate: { type: string, required: true }
  trace: { type: string, required: true }
steps:
  - id: before
    run: |
      echo started >> "$PARAM_trace"
      echo waiting
      while [ ! -e "$PARAM_gate" ]; do sleep 0.05; done
      echo "starts=$(wc -l < "$PARAM_trace" | tr -d ' ')" >> "$HAVERSACK_OUTPUT"
    outputs: [starts]
  - id: after
    depends: [before]
    run: echo "started $STARTS times"
    env: { STARTS: "\${{ steps.before.outputs.starts }}" }
`;

async function submitGated(fleet: Fleet) {
  const gate = join(fleet.folder, "gate");
  const params = { gate, trace: join(fleet.folder, "trace") };
  const run = await fleet.submit(gated, params);
  return { run, open: () => writeFile(gate, "") };
}

/** A step is told to run before its process lives; its first line tells that it does. */
async function waiting(fleet: Fleet, runId: string): Promise<void> {
  const query = { runId, stepId: "before", follow: true };
  for await (const { data } of (await fleet.client()).logs(query, noSignal)) {
    if (Buffer.from(data).includes("waiting")) return;
  }
}

const onLinux = test.skipIf(platform !== "linux");

/** For longer than a lease: loops on every core and more, and a flood of lines. */
const busy = `
name: busy
steps:
${[1, 2, 3, 4].map((index) => `  - { id: spin-${index}, run: "timeout 5 sh -c 'while :; do :; done' || true" }`).join("\n")}
  - { id: flood, run: "timeout 5 yes 'a line that is one of very many, and as long as lines are' || true" }
`;

test("a worker whose steps take all there is keeps its leases (L7)", async () => {
  await using fleet = await Fleet.start({ leaseTtl: "2s" });
  await fleet.startWorker("w", ["--slots", "5"]);
  const { run, events } = await fleet.finished((await fleet.submit(busy)).id);
  expect(run.status).toBe("succeeded");
  const attempts = events.flatMap(({ change }) =>
    change.kind === "step" && change.phase === "leased" ? [change.attempt] : [],
  );
  expect(attempts).toEqual([1, 1, 1, 1, 1]);
});

describe("a worker that is killed in the middle of a step", () => {
  onLinux("comes back, its leftovers are ended, the step runs again and the run succeeds", async () => {
    await using fleet = await Fleet.start();
    // The weakest ending leaves something to find.
    const worker = await fleet.startWorker("w", [], { HAVERSACK_ENDING: "sweep" });
    const { run, open } = await submitGated(fleet);
    await waiting(fleet, run.id);
    await worker.kill();
    const generation = (await readFile(join(fleet.data, "generation"), "utf8")).trim();
    const first = `HAVERSACK_FENCE=${run.id}/before/${generation}/1`;
    expect(processesWith(first)).not.toEqual([]);
    await fleet.startWorker("w");
    await fleet.step(run.id, "before", "running", 2);
    expect(processesWith(first)).toEqual([]);
    await open();
    const { run: ended, events } = await fleet.finished(run.id);
    expect(ended.status).toBe("succeeded");
    expect(acceptedCounts(events)).toEqual(
      new Map([
        ["before", 1],
        ["after", 1],
      ]),
    );
    expect(await fleet.log(run.id, "after")).toBe("started 2 times\n");
    expect(processesWith(`${run.id}/before/`)).toEqual([]);
  });

  test("is replaced by another one when it does not come back", async () => {
    await using fleet = await Fleet.start({ leaseTtl: "2s" });
    const worker = await fleet.startWorker("w1");
    const { run, open } = await submitGated(fleet);
    await fleet.step(run.id, "before", "running", 1);
    await worker.kill();
    await fleet.startWorker("w2");
    await fleet.step(run.id, "before", "running", 2);
    await open();
    const { run: ended, events } = await fleet.finished(run.id);
    expect(ended.status).toBe("succeeded");
    expect(acceptedCounts(events).get("before")).toBe(1);
  });

  onLinux("a frozen worker's late result is refused, and the step counts once", async () => {
    await using fleet = await Fleet.start({ leaseTtl: "2s" });
    const frozen = await fleet.startWorker("frozen");
    const { run, open } = await submitGated(fleet);
    await fleet.step(run.id, "before", "running", 1);
    frozen.child.kill("SIGSTOP");
    await fleet.startWorker("fresh");
    await fleet.step(run.id, "before", "running", 2);
    await open();
    await fleet.step(run.id, "after", "succeeded");
    frozen.child.kill("SIGCONT");
    await frozen.line(/no longer this worker's|lease lost/);
    const { run: ended, events } = await fleet.finished(run.id);
    expect(ended.status).toBe("succeeded");
    expect(acceptedCounts(events)).toEqual(
      new Map([
        ["before", 1],
        ["after", 1],
      ]),
    );
    expect(ended.steps[0]).toMatchObject({ attempt: 2, workerName: "fresh" });
  });
});

describe("a coordinator that is killed between submit and end", () => {
  test("goes on where it was: the running step is neither lost nor started again", async () => {
    await using fleet = await Fleet.start();
    await fleet.startWorker("w");
    const { run, open } = await submitGated(fleet);
    await fleet.step(run.id, "before", "running", 1);
    await fleet.killCoordinator();
    await open();
    await fleet.startCoordinator();
    const { run: ended, events } = await fleet.finished(run.id);
    expect(ended.status).toBe("succeeded");
    expect(ended.steps.map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(acceptedCounts(events)).toEqual(
      new Map([
        ["before", 1],
        ["after", 1],
      ]),
    );
    expect(await fleet.log(run.id, "before")).toBe("waiting\n");
    expect(await fleet.log(run.id, "after")).toBe("started 1 times\n");
  });

  test("an acknowledged run that nobody has started is not lost", async () => {
    await using fleet = await Fleet.start();
    const { run, open } = await submitGated(fleet);
    await fleet.killCoordinator();
    await fleet.startCoordinator();
    await open();
    await fleet.startWorker("w");
    expect((await fleet.finished(run.id)).run.status).toBe("succeeded");
  });
});

describe("a coordinator and a worker that are both killed", () => {
  test("the run succeeds after both are back", async () => {
    await using fleet = await Fleet.start();
    const worker = await fleet.startWorker("w");
    const { run, open } = await submitGated(fleet);
    await fleet.step(run.id, "before", "running", 1);
    await Promise.all([worker.kill(), fleet.killCoordinator()]);
    await open();
    await fleet.startCoordinator();
    await fleet.startWorker("w");
    const { run: ended, events } = await fleet.finished(run.id);
    expect(ended.status).toBe("succeeded");
    expect(acceptedCounts(events)).toEqual(
      new Map([
        ["before", 1],
        ["after", 1],
      ]),
    );
  });
});

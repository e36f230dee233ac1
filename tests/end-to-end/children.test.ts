/** Runs within runs as people use them, and a coordinator that is killed between a child's start and its end. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { present } from "@haversack/base";
import type { RunId } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fleet, haversack, noSignal, repositoryRoot } from "../support/fleet.ts";

/** Three runs within the first; the last one waits for a file. */
const nested = `
name: top
params:
  gate: { type: string, required: true }
steps:
  - id: first
    dag: { use: second, params: { gate: "\${{ params.gate }}", depth: 1 } }
  - id: told
    depends: [first]
    run: echo "it was $WHAT"
    env: { WHAT: "\${{ steps.first.outputs.what }}" }
dags:
  second:
    params: { gate: { type: string, required: true }, depth: { type: integer, required: true } }
    steps: [{ id: down, dag: { use: third, params: { gate: "\${{ params.gate }}" } } }]
    outputs: { what: "\${{ steps.down.outputs.what }} at \${{ params.depth }}" }
  third:
    params: { gate: { type: string, required: true } }
    steps: [{ id: deeper, dag: { use: fourth, params: { gate: "\${{ params.gate }}" } } }]
    outputs: { what: "\${{ steps.deeper.outputs.what }}" }
  fourth:
    params: { gate: { type: string, required: true } }
    steps:
      - id: wait
        run: |
          echo started >> "$PARAM_gate.trace"
          while [ ! -e "$PARAM_gate" ]; do sleep 0.05; done
          echo what=gold >> "$HAVERSACK_OUTPUT"
        outputs: [what]
    outputs: { what: "\${{ steps.wait.outputs.what }}" }
`;

let gates = 0;

async function submitNested(fleet: Fleet) {
  const gate = join(fleet.folder, `gate-${++gates}`);
  const run = await fleet.submit(nested, { gate });
  return { run, gate, open: () => writeFile(gate, "") };
}

/** The child run of a step, once it has started. */
async function childOf(fleet: Fleet, run: RunId, step: string): Promise<RunId> {
  const event = await fleet.event(
    run,
    ({ change }) => change.kind === "step" && change.stepId === step && change.childRunId !== undefined,
  );
  return present(event.change.kind === "step" ? event.change.childRunId : undefined, "a child run");
}

async function family(fleet: Fleet, run: RunId): Promise<[RunId, RunId, RunId]> {
  const second = await childOf(fleet, run, "first");
  const third = await childOf(fleet, second, "down");
  return [second, third, await childOf(fleet, third, "deeper")];
}

const cli = (fleet: Fleet, ...args: string[]) => haversack([...args, "--data", fleet.data]);

describe("runs within runs", () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
    await fleet.startWorker("w");
  });
  afterAll(() => fleet[Symbol.asyncDispose]());

  test("three deep: outputs come up, and the tree is shown", async () => {
    const { run, open } = await submitNested(fleet);
    const [second, third, fourth] = await family(fleet, run.id);
    await open();
    expect((await fleet.finished(run.id)).run.status).toBe("succeeded");
    expect(await fleet.log(run.id, "told")).toBe("it was gold at 1\n");
    const shown = await cli(fleet, "show", run.id);
    expect(shown.stdout).toMatch(/^first .*\n└ down .*\n {2}└ deeper .*\n {4}└ wait .*\ntold /m);
    const listed = await cli(fleet, "runs");
    const ids = listed.stdout
      .split("\n")
      .slice(1, 5)
      .map((line) => line.replace(/^ *└ /, "").split(" ")[0]);
    expect(ids).toEqual([run.id, second, third, fourth]);
    const json = JSON.parse((await cli(fleet, "show", fourth, "--json")).stdout) as object;
    expect(json).toMatchObject({
      parent: { runId: third, stepId: "deeper", depth: 3 },
      outputs: { what: "gold" },
    });
  });

  test("kill -9 of the coordinator between a child's start and its end, again and again: each runs once", async () => {
    await using own = await Fleet.start();
    await own.startWorker("w");
    const { run, gate, open } = await submitNested(own);
    for (const kill of [1, 2]) {
      const [, , fourth] = await family(own, run.id);
      await own.step(fourth, "wait", "running", 1);
      await own.killCoordinator();
      // What ends while nobody is there is told later.
      if (kill === 2) await open();
      await own.startCoordinator();
    }
    expect((await own.finished(run.id)).run.status).toBe("succeeded");
    expect(await readFile(`${gate}.trace`, "utf8")).toBe("started\n");
    const { runs } = await (await own.client()).runs({ pageSize: 50 }, noSignal);
    expect(runs.map(({ dagName, status }) => `${dagName} ${status}`).toSorted()).toEqual(
      ["fourth", "second", "third", "top"].map((name) => `${name} succeeded`),
    );
  }, 240_000);

  test("a cancel of the first ends them all", async () => {
    const { run } = await submitNested(fleet);
    const below = await family(fleet, run.id);
    await fleet.step(below[2], "wait", "running", 1);
    await (await fleet.client()).cancel(run.id, noSignal);
    expect((await fleet.finished(run.id)).run.status).toBe("cancelled");
    for (const id of below) expect((await fleet.finished(id)).run.status).toBe("cancelled");
  });

  test("one that starts itself without an end fails at the limit, and says so all the way up", async () => {
    await using own = await Fleet.start({ env: { HAVERSACK_CHILD_DEPTH: "3" } });
    const run = await own.submit("name: again\nsteps: [{ id: me, dag: { use: again } }]\n");
    const { run: ended } = await own.finished(run.id);
    expect(ended.status).toBe("failed");
    expect(ended.failure?.message).toMatch(
      /^step me: (run \S+ of again: step me: ){3}the run of again would be within 4 others, at most 3 are allowed/,
    );
    expect((await (await own.client()).runs({ pageSize: 50 }, noSignal)).runs).toHaveLength(4);
  });

  test("the example compares two texts with the same DAG, and a stored one is found by its name", async () => {
    const example = join(repositoryRoot, "examples/dags/compare.yaml");
    const ran = await cli(fleet, "run", example, "-p", "right=one", "--follow");
    expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code: 0 });
    const shown = await cli(fleet, "show", "latest");
    expect((await cli(fleet, "runs")).stdout).toMatch(/child/);
    expect(shown.code).toBe(0);
    expect((await cli(fleet, "dag", "put", example)).code).toBe(0);
    const parent = `name: parent
steps:
  - { id: both, dag: { use: "\${{ params.which }}", params: { left: a b } } }
  - { id: said, depends: [both], run: 'echo "$MORE"', env: { MORE: "\${{ steps.both.outputs.more }}" } }
params: { which: { type: string, default: compare } }
`;
    const run = await fleet.submit(parent);
    expect((await fleet.finished(run.id)).run.status).toBe("succeeded");
    expect(await fleet.log(run.id, "said")).toBe("right\n");
    const missing = await fleet.submit(parent, { which: "nowhere" });
    expect((await fleet.finished(missing.id)).run.failure?.message).toContain(
      "there is no stored DAG nowhere",
    );
  });
});

/** Two coordinators on one PostgreSQL, each with a worker, while one of them is killed again and again. */

import type { RunEvent } from "@haversack/protocol";
import { expect, test } from "vitest";
import { Fleet } from "../support/fleet.ts";
import { type TempSchema, tempSchema, withPostgres } from "../support/postgres.ts";

const dag = `
name: diamond
steps:
  - { id: a, run: "echo first; sleep 0.1" }
  - { id: b, depends: [a], run: "sleep 0.1" }
  - { id: c, depends: [a], run: "sleep 0.1" }
  - { id: d, depends: [b, c], run: "echo last" }
  - { id: e, depends: [d], dag: { use: leaf } }
dags:
  leaf:
    steps: [{ id: x, run: "echo leaf" }]
`;
const dependencies = { a: [], b: ["a"], c: ["a"], d: ["b", "c"], e: ["d"] } as const;
const killsCount = 3;

async function fleetOn(schema: TempSchema): Promise<Fleet> {
  return await Fleet.start({ leaseTtl: "3s", env: { HAVERSACK_STORE: schema.url } });
}

/** What must hold of the events of a run, whoever was killed. */
function checkOrder(events: readonly RunEvent[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  const seqOf = (stepId: string, phase: string): number[] =>
    events
      .filter(({ change }) => change.kind === "step" && change.stepId === stepId && change.phase === phase)
      .map(({ seq }) => seq);
  for (const [stepId, depends] of Object.entries(dependencies)) {
    expect(seqOf(stepId, "succeeded")).toHaveLength(1);
    const started = Math.min(...seqOf(stepId, "leased"));
    for (const dependency of depends) expect(seqOf(dependency, "succeeded")[0]).toBeLessThan(started);
  }
}

withPostgres("two coordinators on one PostgreSQL, end to end", () => {
  test("one is killed again and again: no run lost, no step accepted twice, no order violated", async () => {
    await using schema = await tempSchema();
    await using stays = await fleetOn(schema);
    await using dies = await fleetOn(schema);
    await stays.startWorker("steady");
    await dies.startWorker("shaken");
    const runs: string[] = [];
    for (let kill = 0; kill < killsCount; kill++) {
      for (const fleet of [stays, dies, dies, stays]) runs.push((await fleet.submit(dag)).id);
      // Somewhere in the middle of the newest runs.
      await stays.step(runs.at(-1) as never, "a", "running");
      await dies.killCoordinator();
      await dies.startCoordinator();
    }
    for (const run of runs) {
      const { run: ended, events } = await stays.finished(run as never);
      expect(ended.status).toBe("succeeded");
      checkOrder(events);
    }
    const accepted = await schema.query(
      "select count(*)::int as n from attempt where phase = 'succeeded' group by run, idx having count(*) > 1",
    );
    expect(accepted).toEqual([]);
    const workers = await schema.query("select count(distinct worker_id)::int as n from attempt");
    expect(workers).toEqual([{ n: 2 }]);
    // Logs lie in the database too: the one tells what the other took in.
    for (const run of runs) expect(await stays.log(run as never, "d")).toBe("last\n");
  });

  test("the password is in no log, and a coordinator says which database it uses", async () => {
    await using schema = await tempSchema();
    const url = new URL(schema.url);
    url.password = "secret-word";
    const fleet = await Fleet.start({ env: { HAVERSACK_STORE: url.href, HAVERSACK_LOG: "debug" } });
    const program = fleet.coordinator;
    await fleet[Symbol.asyncDispose]();
    const { stdout, stderr } = (await program?.ended) ?? { stdout: "", stderr: "" };
    expect(stderr).toContain(`postgres://${url.username}@${url.host}`);
    expect(stdout + stderr).not.toContain("secret-word");
  });
});

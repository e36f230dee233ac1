/** What a coordinator forgets and what it keeps, with real processes and files. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { faultOf } from "@haversack/base";
import type { RunDetail } from "@haversack/protocol";
import { expect, test } from "vitest";
import { until } from "../support/fake-clock.ts";
import { Fleet, haversack, noSignal } from "../support/fleet.ts";

const tiny = ["--retention", "1s", "--grace", "0s"];

/** A step that no worker here may have, with a pack of its own. */
const agentDag = (maxTurns: number): string => `
name: waits
steps:
  - id: ask
    worker: { pool: none }
    agent: { use: analyst, limits: { maxTurns: ${maxTurns} }, prompt: Which? }
`;
const commandDag = `
name: writes
steps:
  - { id: write, run: "echo hello | tee out.txt", artifacts: [out.txt] }
`;

async function isMissing(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return false;
  } catch (error) {
    if (faultOf(error) === "missing") return true;
    throw error;
  }
}

const packOf = (run: RunDetail): string => run.steps[0]?.snapshotDigest ?? expect.fail("no pack");

test("an old run goes with all that only it names; what lives and what is kept stays", async () => {
  await using fleet = await Fleet.start({ model: "rehearsal" });
  await fleet.startWorker("w");
  const flags = ["--data", fleet.data];
  const [old, kept, live] = [
    await fleet.submit(agentDag(3)),
    await fleet.submit(agentDag(4)),
    await fleet.submit(agentDag(5)),
  ];
  const written = await fleet.submit(commandDag);
  expect((await fleet.finished(written.id)).run.status).toBe("succeeded");
  expect(await fleet.log(written.id, "write")).toBe("hello\n");
  const client = await fleet.client();
  for (const run of [old, kept]) await client.cancel(run.id, noSignal);
  const keep = await haversack(["snapshot", "keep", `${kept.id}/ask`, "--note", "for the record", ...flags]);
  expect(keep).toMatchObject({ code: 0, stdout: `kept ${packOf(kept)}\n` });

  await fleet.killCoordinator();
  const program = await fleet.startCoordinator(tiny);
  const reader = await fleet.client();
  await until(async () => await isMissing(reader.inspectSnapshot(packOf(old), noSignal)));
  await program.line(/removed what nobody needs any more/);
  for (const run of [old, kept, written]) await until(() => isMissing(reader.run(run.id, noSignal)));
  expect((await reader.runs({}, noSignal)).runs.map(({ id }) => id)).toEqual([live.id]);
  await until(async () => (await files(fleet)) === 0, "the end of the artifact");
  const gone = await haversack(["snapshot", "inspect", packOf(old), ...flags]);
  expect(gone).toMatchObject({ code: 4, stderr: expect.stringContaining("it may have been collected") });
  for (const name of [packOf(kept), packOf(live), `${live.id}/ask`]) {
    expect(await isMissing(reader.inspectSnapshot(name, noSignal))).toBe(false);
  }

  // What is left is a store like any other: it opens, takes runs, and lets go what is kept no longer.
  await fleet.killCoordinator();
  expect(left(fleet)).toEqual({ runs: 1, steps: 1, events: 1, dags: 1, packs: 2, chunks: 0, streams: 0 });
  await fleet.startCoordinator();
  expect((await fleet.finished((await fleet.submit(commandDag)).id)).run.status).toBe("succeeded");
  const list = await haversack(["snapshot", "keep", "--list", "--json", ...flags]);
  expect(JSON.parse(list.stdout)).toMatchObject({
    kept: [{ digest: packOf(kept), name: `${kept.id}/ask`, note: "for the record" }],
  });
  const removed = await haversack(["snapshot", "keep", "--remove", `${kept.id}/ask`, ...flags]);
  expect(removed.code).toBe(0);
  await fleet.killCoordinator();
  await fleet.startCoordinator(tiny);
  const last = await fleet.client();
  await until(() => isMissing(last.inspectSnapshot(packOf(kept), noSignal)));
  expect(await isMissing(last.inspectSnapshot(packOf(live), noSignal))).toBe(false);
});

async function files(fleet: Fleet): Promise<number> {
  const names = await readdir(join(fleet.data, "blobs"), { recursive: true });
  return names.filter((name) => name.length > 2).length;
}

/** Rows, in the two databases of a coordinator that is not running. */
function left(fleet: Fleet): Record<string, number> {
  const count = (file: string, table: string): number => {
    using db = new DatabaseSync(join(fleet.data, file), { readOnly: true });
    return Number(db.prepare(`select count(*) as count from ${table}`).get()?.["count"]);
  };
  const [store, logs] = ["haversack.db", "logs.db"];
  return {
    runs: count(store, "run"),
    steps: count(store, "step"),
    events: count(store, "event"),
    dags: count(store, "dag"),
    packs: count(store, "snapshot"),
    chunks: count(logs, "log_chunk"),
    streams: count(logs, "log_stream"),
  };
}

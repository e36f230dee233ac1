/** Backup and restore as a person does it, with a coordinator and a worker that live on. */

import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { acceptedCounts, Fleet, haversack, noSignal } from "../support/fleet.ts";
import { tempSchema, withPostgres } from "../support/postgres.ts";

const gated = `
name: gated
params:
  gate: { type: string, required: true }
steps:
  - id: before
    run: |
      echo waiting
      while [ ! -e "$PARAM_gate" ]; do sleep 0.05; done
      echo kept > note.txt
    artifacts: [note.txt]
  - { id: after, depends: [before], run: echo done }
`;

async function store(fleet: Fleet, ...args: string[]) {
  return await haversack(["store", ...args, "--data", fleet.data, "--json"]);
}

test("a backup under a running step, the loss of the databases, a restore: the worker of the lost future is refused (B1)", async () => {
  await using fleet = await Fleet.start();
  const gate = join(fleet.folder, "gate");
  let worker = await fleet.startWorker("w");
  const first = await fleet.submit(gated, { gate });
  await fleet.step(first.id, "before", "running", 1);
  const to = join(fleet.folder, "backup");
  const backup = await store(fleet, "backup", to);
  expect([backup.code, backup.stderr]).toEqual([0, ""]);
  // What comes now is lost: another attempt at the step, with a higher number, and another run.
  await worker.kill();
  worker = await fleet.startWorker("w");
  await fleet.step(first.id, "before", "running", 2);
  const lost = await fleet.submit(gated, { gate });
  const refused = await store(fleet, "restore", to, "--replace");
  expect([refused.code, refused.stderr]).toEqual([7, expect.stringContaining("in use by process")]);
  await fleet.killCoordinator();
  for (const name of (await readdir(fleet.data)).filter((each) => /\.db/.test(each)))
    await rm(join(fleet.data, name));
  const restored = await store(fleet, "restore", to);
  expect([restored.code, restored.stderr]).toEqual([0, ""]);
  await fleet.startCoordinator();
  await worker.line(/no longer this worker's|lease lost/);
  await writeFile(gate, "");
  const { run, events } = await fleet.finished(first.id);
  expect(run.status).toBe("succeeded");
  expect(acceptedCounts(events)).toEqual(
    new Map([
      ["before", 1],
      ["after", 1],
    ]),
  );
  const { generation } = JSON.parse(restored.stdout) as { generation: string };
  expect(generation).toMatch(/^2-/);
  await expect((await fleet.client()).run(lost.id, noSignal)).rejects.toMatchObject({ fault: "missing" });
  // The artifact came after the restore, and another backup has it.
  const again = JSON.parse((await store(fleet, "backup")).stdout) as {
    manifest: { blobs: object; generation: string };
  };
  expect(again.manifest).toMatchObject({ blobs: { count: 1 }, generation });
});

withPostgres("moving to PostgreSQL", () => {
  test("a step that runs meanwhile is neither lost nor started again, and the password is told nowhere (B3)", async () => {
    await using schema = await tempSchema();
    const url = new URL(schema.url);
    url.password = "secret-word";
    await using fleet = await Fleet.start();
    const gate = join(fleet.folder, "gate");
    await fleet.startWorker("w");
    const { id } = await fleet.submit(gated, { gate });
    await fleet.step(id, "before", "running", 1);
    const tooEarly = await store(fleet, "migrate", "--to", url.href);
    expect([tooEarly.code, tooEarly.stderr]).toEqual([7, expect.stringContaining("in use by process")]);
    await fleet.killCoordinator();
    const moved = await store(fleet, "migrate", "--to", url.href);
    expect([moved.code, moved.stderr]).toEqual([0, ""]);
    const { tables } = JSON.parse(moved.stdout) as { tables: { table: string; rows: number }[] };
    expect(tables.find(({ table }) => table === "step")?.rows).toBe(2);
    const embedded = await haversack(["coordinator", "--data", fleet.data, "--listen", "127.0.0.1:0"]);
    expect([embedded.code, embedded.stderr]).toEqual([7, expect.stringContaining("was moved to")]);
    await fleet.startCoordinator(["--store", url.href]);
    await writeFile(gate, "");
    const { run, events } = await fleet.finished(id);
    expect(run.status).toBe("succeeded");
    expect(run.steps.map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(acceptedCounts(events)).toEqual(
      new Map([
        ["before", 1],
        ["after", 1],
      ]),
    );
    expect(await fleet.log(id, "before")).toBe("waiting\n");
    const checked = await store(fleet, "check", "--store", url.href);
    expect([checked.code, checked.stderr]).toEqual([0, ""]);
    for (const { stdout, stderr } of [tooEarly, moved, embedded, checked])
      expect(stdout + stderr).not.toContain("secret-word");
  });
});

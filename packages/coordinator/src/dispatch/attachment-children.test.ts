/** Child runs carry the packs that were pinned for them: with the first of their family, or when they start. */

import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunId, Task } from "@haversack/protocol";
import { defaultLimits } from "@haversack/snapshot";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { until } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { type CoordinatorWorld, coordinatorOf } from "../testing/coordinator-world.ts";
import { open as opening } from "../testing/dag-text.ts";
import { openRealStores, type RealStores } from "../testing/real-store.ts";
import { notesOf, openTask, soulOf } from "../testing/task-content.ts";

const dag = `
name: attach
steps:
  - id: plain
    agent: { use: analyst, prompt: count }
  - id: reader
    depends: [plain]
    agent: { use: repo-analyst, prompt: report }
`;

let stores: RealStores;
let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeAll(async () => {
  stores = await openRealStores();
});
afterAll(() => stores.close());
beforeEach(async () => {
  folder = await tempFolder();
  await cp("examples/agents", folder.path, { recursive: true });
  return () => folder[Symbol.asyncDispose]();
});
const coordinator = () =>
  coordinatorOf(stores.store, {
    agentsDir: folder.path,
    model: "rehearsal",
    snapshotLimits: defaultLimits,
    vault: { folder: "/nowhere", keyFile: undefined },
  });
const open = (task: Task) => openTask(stores.store, task);
const edit = (path: string, text: string) => writeFile(join(folder.path, path), text);

/** The library is another one by now: whatever was pinned must not change. */
async function editLibrary(): Promise<void> {
  await edit("souls/engineer.md", "Another voice.\n");
  await rm(join(folder.path, "skills"), { recursive: true });
  await mkdir(join(folder.path, "memory/dags/attach"), { recursive: true });
  await edit("memory/dags/attach/MEMORY.md", "after");
}

/** The same DAG, under `dags` of a file. */
const local = `dags:\n  attach:\n${dag.replace("name: attach\n", "").replaceAll(/^/gm, "    ")}\n`;
/** A command, and then the DAG of this name. */
const caller = (use: string, more = "") =>
  `name: caller\n${more}steps: [{ id: gate, run: x }, { id: call, depends: [gate], dag: { use: "${use}" } }]\n`;

async function submitText({ submitter }: CoordinatorWorld, text: string): Promise<RunId> {
  const submission = { dag: text, fileName: "caller.yaml", params: {}, idempotencyKey: "" };
  return (await submitter.submit(submission)).runId;
}

test("of a child run: pinned with the first of its family, with memory of the moment in which it starts", async () => {
  await using world = await coordinator();
  await submitText(world, caller("attach", local));
  const gate = await world.next();
  await editLibrary();
  await world.finish(gate.ref);
  const plain = await world.next();
  expect([plain.ref.stepId, plain.dagName]).toEqual(["plain", "attach"]);
  await world.finish(plain.ref);
  const content = await open(await world.next());
  expect([content.config.profile, notesOf(content)]).toEqual(["repo-analyst", "after"]);
  expect(content.skills.map(({ name }) => name)).toEqual(["repo-report"]);
  expect(soulOf(content)).not.toBe("Another voice.");
});

test("of a child run whose stored DAG is another one by now: text and items of the submission", async () => {
  await using world = await coordinator();
  await world.submitter.put({ dag, fileName: "attach.yaml" });
  await submitText(world, caller("attach"));
  const gate = await world.next();
  await world.submitter.put({ dag: dag.replaceAll("plain", "changed"), fileName: "attach.yaml" });
  await editLibrary();
  await world.finish(gate.ref);
  const plain = await world.next();
  expect(plain.ref.stepId).toBe("plain");
  expect(soulOf(await open(plain))).not.toBe("Another voice.");
  await stores.store.write.dagDelete({ name: "attach" });
});

test("of a child run whose name only an expression knows: pinned when it starts, or refused by name", async () => {
  await using world = await coordinator();
  const text = caller(
    `${opening} params.which }}`,
    `${local}params: { which: { type: string, default: attach } }\n`,
  );
  const run = await submitText(world, text);
  const gate = await world.next();
  await edit("souls/engineer.md", "Another voice.\n");
  await world.finish(gate.ref);
  expect(soulOf(await open(await world.next()))).toBe("Another voice.");
  await stores.store.write.runCancel({ id: run, now: 1 });
  const again = await submitText(world, text);
  const second = await world.next();
  await rm(join(folder.path, "skills"), { recursive: true });
  await world.finish(second.ref);
  await until(async () => (await stores.store.read.runRead({ id: again })).status === "failed");
  expect((await stores.store.read.runRead({ id: again })).failure?.message).toContain("repo-report");
});

test("of a child run whose library lacks an item: the submission of its parent is refused, at its place", async () => {
  await using world = await coordinator();
  await rm(join(folder.path, "skills"), { recursive: true });
  await expect(submitText(world, caller("attach", local))).rejects.toMatchObject({
    problems: [
      {
        field: expect.stringMatching(/^dags\.attach\.steps\[1\]/),
        message: expect.stringContaining("repo-report"),
      },
    ],
  });
});

test("of a child run that is done again by itself with today's library: its own DAG, from the file of its parent", async () => {
  await using world = await coordinator();
  await submitText(world, caller("attach", local));
  await world.finish((await world.next()).ref);
  const { ref } = await world.next();
  const { runId } = ref;
  await stores.store.write.runCancel({ id: runId, now: 1 });
  await world.finish(ref, "returned");
  await edit("souls/engineer.md", "Another voice.\n");
  const request = { runId, fromStep: "", refreshLibrary: true, idempotencyKey: "" };
  const again = await world.submitter.retry(request);
  const plain = await world.next();
  expect([plain.ref.runId, plain.dagName]).toEqual([again.runId, "attach"]);
  expect(soulOf(await open(plain))).toBe("Another voice.");
});

/** Every way on which a task comes about carries the right pack: one library on the disk, real store, real dispatcher. */

import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { present } from "@haversack/base";
import { parseWorkerId, type RunId, type Task } from "@haversack/protocol";
import { defaultLimits } from "@haversack/snapshot";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fakePorts, until } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { openLibrary } from "../library/open-library.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import { type CoordinatorWorld as Coordinator, coordinatorOf } from "../testing/coordinator-world.ts";
import { helloOf } from "../testing/fleet-samples.ts";
import { openRealStores, type RealStores } from "../testing/real-store.ts";
import { digestOf, notesOf, openTask, soulOf } from "../testing/task-content.ts";
import { withSchedule } from "../testing/with-schedule.ts";

const dag = `
name: attach
steps:
  - id: plain
    agent: { use: analyst, prompt: count }
    retry: { limit: 1, delay: 1s }
  - id: reader
    depends: [plain]
    agent: { use: repo-analyst, prompt: report }
    retry: { limit: 1, delay: 1s }
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
afterEach(async () => {
  // What a test left open is not for the next one.
  for (const status of ["queued", "running"] as const) {
    for (const { id } of (await stores.store.read.runsList({ limit: 100, status })).runs)
      await stores.store.write.runCancel({ id, now: 1 });
  }
  await stores.store.write.leasesExpire({ now: 1, leaseNow: Number.MAX_SAFE_INTEGER, limit: 100 });
});
const vault = { folder: "/nowhere", keyFile: undefined };
const library = () => ({ agentsDir: folder.path, model: "rehearsal", snapshotLimits: defaultLimits, vault });
const edit = (path: string, text: string) => writeFile(join(folder.path, path), text);
async function remember(text: string): Promise<void> {
  await mkdir(join(folder.path, "memory/dags/attach"), { recursive: true });
  await edit("memory/dags/attach/MEMORY.md", text);
}

const coordinator = (slots?: number) => coordinatorOf(stores.store, library(), slots);

async function submit({ submitter }: Coordinator): Promise<RunId> {
  const submission = { dag, fileName: "attach.yaml", params: {}, idempotencyKey: "" };
  return (await submitter.submit(submission)).runId;
}

let hours = 0;

async function scheduled(overlap: string) {
  const world = await coordinator();
  const text = `schedule: { cron: "* * * * *", overlap: ${overlap} }${dag}`;
  // A time that an earlier test had has its run.
  return await withSchedule(world, stores.store, text, ++hours);
}

const open = (task: Task) => openTask(stores.store, task);

/** Both steps of a fresh run went out, and the second is still held. */
async function twoTasks(world: Coordinator) {
  await remember("before");
  const run = await submit(world);
  const plain = await world.next();
  await world.finish(plain.ref);
  return { run, plain, reader: await world.next() };
}

/** The library is another one by now: whatever was pinned must not change. */
async function editLibrary(): Promise<void> {
  await edit("souls/engineer.md", "Another voice.\n");
  await rm(join(folder.path, "skills"), { recursive: true });
  await remember("after");
}

describe("the pack of a task", () => {
  test("on submission: the least, pinned then, with memory of the moment in which the step starts", async () => {
    await using world = await coordinator();
    await remember("before");
    await submit(world);
    const plain = await world.next();
    await editLibrary();
    await world.finish(plain.ref);
    const first = await open(plain);
    expect([first.config.profile, first.skills, first.memory.dags]).toEqual(["analyst", [], {}]);
    const second = await open(await world.next());
    expect(second.config.profile).toBe("repo-analyst");
    expect(second.skills.map(({ name }) => name)).toEqual(["repo-report"]);
    expect(soulOf(second)).toBe(soulOf(first));
    expect(soulOf(second)).not.toBe("Another voice.");
    expect(notesOf(second)).toBe("after");
  });

  test("of a handler: pinned with its run, with memory of the moment in which it starts", async () => {
    await using world = await coordinator();
    await remember("before");
    const text = `name: attach
steps: [{ id: work, run: "true" }]
onFailure: [{ id: reader, agent: { use: repo-analyst, prompt: "\${{ run.error }}" } }]
onExit: [{ id: plain, agent: { use: analyst, prompt: "\${{ run.status }}" } }]
`;
    const submission = { dag: text, fileName: "attach.yaml", params: {}, idempotencyKey: "" };
    await world.submitter.submit(submission);
    const work = await world.next();
    await editLibrary();
    await world.finish(work.ref, "failed");
    const reader = await world.next();
    expect([reader.ref.stepId, reader.work]).toMatchObject([
      "reader",
      { prompt: "step work: the step failed without saying why" },
    ]);
    const content = await open(reader);
    expect([content.config.profile, notesOf(content)]).toEqual(["repo-analyst", "after"]);
    expect(soulOf(content)).not.toBe("Another voice.");
    await world.finish(reader.ref);
    const plain = await world.next();
    expect([plain.ref.stepId, plain.work]).toMatchObject(["plain", { prompt: "failed" }]);
    expect((await open(plain)).config.profile).toBe("analyst");
    // A cancel would not end it for the next test.
    await world.finish(plain.ref);
  });

  test("of a handler whose profile is not in the library: refused with its place", async () => {
    await using world = await coordinator();
    const text =
      "name: attach\nsteps: [{ id: work, run: x }]\nonExit:\n  - { id: h, agent: { use: nobody, prompt: p } }\n";
    const problem = { line: 4, field: "onExit[0].agent.use" };
    await expect(
      world.submitter.submit({ dag: text, fileName: "attach.yaml", params: {}, idempotencyKey: "" }),
    ).rejects.toMatchObject({ problems: [problem] });
  });

  test("on the next attempt after a failure: the same one", async () => {
    await using world = await coordinator();
    const { reader } = await twoTasks(world);
    await editLibrary();
    await world.finish(reader.ref, "failed");
    await until(() => world.clock.nextIn !== undefined);
    world.clock.advance(1500);
    world.dispatcher.ring();
    const again = await world.next();
    expect([again.ref.attempt, digestOf(again)]).toEqual([2, digestOf(reader)]);
    expect(notesOf(await open(again))).toBe("before");
  });

  test("after its worker was lost, and after it was handed back: the same one", async () => {
    await using world = await coordinator();
    const { reader } = await twoTasks(world);
    await editLibrary();
    await world.finish(reader.ref, "returned");
    const second = await world.next();
    const now = world.clock.now();
    await stores.store.write.leasesExpire({ now, leaseNow: Number.MAX_SAFE_INTEGER, limit: 100 });
    const third = await world.next();
    expect([second, third].map(digestOf)).toEqual([digestOf(reader), digestOf(reader)]);
    expect(third.ref.attempt).toBe(3);
  });

  test("from a coordinator that was started anew: the one that was pinned by its predecessor", async () => {
    let run: RunId;
    {
      await using world = await coordinator(0);
      await remember("before");
      run = await submit(world);
    }
    await editLibrary();
    await using world = await coordinator();
    const plain = await world.next();
    expect(plain.ref.runId).toBe(run);
    expect(soulOf(await open(plain))).not.toBe("Another voice.");
  });

  test("of two coordinators that start the step at once: one pack, and the next attempt has it too", async () => {
    const { store } = stores;
    await using world = await coordinator(1);
    const run = await submit(world);
    const plain = await world.next();
    await world.finish(plain.ref);
    const pin = present((await store.read.runRead({ id: run })).steps[1]?.snapshotDigest, "the pin");
    const packOf = async (text: string) => {
      await remember(text);
      const { snapshots } = openLibrary(store, library(), fakePorts(world.clock));
      return await snapshots.withMemory(await snapshots.read(pin), "attach");
    };
    const packs = [await packOf("one"), await packOf("two")];
    const { workerId, bootId } = helloOf("other");
    const lease = { generation: store.generation, leaseUntil: 1, now: world.clock.now() };
    const claim = { runId: run, index: 1, workerId, bootId };
    const take = (pack: StoredPack) => store.write.stepsTake({ claims: [{ ...claim, pack }], ...lease });
    const claims = (await Promise.all(packs.map(take))).flat();
    const [won] = claims;
    expect(claims.map(({ snapshotDigest }) => snapshotDigest)).toEqual([packs[0]?.digest]);
    await store.write.leasesExpire({ now: 1, leaseNow: Number.MAX_SAFE_INTEGER, limit: 100 });
    const [later] = await take(await packOf("three"));
    expect([later?.attempt, later?.snapshotDigest]).toEqual([2, won?.snapshotDigest]);
  });

  test("of a retried run: the pins of the first one, with memory of today", async () => {
    await using world = await coordinator();
    const { run, reader } = await twoTasks(world);
    await editLibrary();
    await stores.store.write.runCancel({ id: run, now: world.clock.now() });
    await world.finish(reader.ref, "failed");
    const request = { runId: run, fromStep: "", refreshLibrary: false, idempotencyKey: "" };
    const retry = await world.submitter.retry(request);
    const again = await world.next();
    expect([again.ref.runId, again.ref.stepId, again.ref.attempt]).toEqual([retry.runId, "reader", 1]);
    const content = await open(again);
    expect([soulOf(content), notesOf(content)]).toEqual([soulOf(await open(reader)), "after"]);
  });

  test("of a run that is retried from a step: the same for all that is done again", async () => {
    await using world = await coordinator();
    const { run, plain, reader } = await twoTasks(world);
    await editLibrary();
    await world.finish(reader.ref);
    const from = { runId: run, refreshLibrary: false, idempotencyKey: "" };
    await expect(world.submitter.retry({ ...from, fromStep: "" })).rejects.toMatchObject({
      code: "nothing_to_retry",
    });
    await world.submitter.retry({ ...from, fromStep: "plain" });
    const first = await world.next();
    expect(digestOf(first)).toBe(digestOf(plain));
    await world.finish(first.ref);
    expect(notesOf(await open(await world.next()))).toBe("after");
  });

  test("of a retry that asks for it: today's library, and an error by name when it lacks something", async () => {
    await using world = await coordinator();
    const { run, reader } = await twoTasks(world);
    await world.finish(reader.ref);
    await edit("souls/engineer.md", "Another voice.\n");
    const request = { runId: run, fromStep: "plain", refreshLibrary: true, idempotencyKey: "" };
    await world.submitter.retry(request);
    expect(soulOf(await open(await world.next()))).toBe("Another voice.");
    await rm(join(folder.path, "skills"), { recursive: true });
    await expect(world.submitter.retry(request)).rejects.toThrow("repo-report");
  });

  test("of a run that a schedule starts: pinned at its time, with the library of then", async () => {
    await using world = await scheduled("queue");
    await edit("souls/engineer.md", "Another voice.\n");
    const due = world.minute();
    const plain = await world.next();
    expect(soulOf(await open(plain))).toBe("Another voice.");
    const run = await stores.store.read.runRead({ id: plain.ref.runId });
    expect(run.trigger).toEqual({ kind: "schedule", schedule: 0, due });
    await edit("souls/engineer.md", "A third voice.\n");
    await remember("after");
    await world.finish(plain.ref);
    const reader = await world.next();
    const content = await open(reader);
    expect([soulOf(content), notesOf(content)]).toEqual(["Another voice.", "after"]);
    const later = world.minute();
    await until(async () => (await world.tick(later))?.outcome === "queued");
    await world.finish(reader.ref);
    expect(soulOf(await open(await world.next()))).toBe("A third voice.");
  });

  test("of a schedule whose library lacks an item: no run, and the item by name", async () => {
    await using world = await scheduled("skip");
    await rm(join(folder.path, "skills"), { recursive: true });
    const due = world.minute();
    await until(async () => (await world.tick(due)) !== undefined);
    expect(await world.tick(due)).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("repo-report"),
    });
    expect(await stores.store.read.runsList({ limit: 1, status: "queued" })).toEqual({ runs: [] });
    await cp("examples/agents/skills", join(folder.path, "skills"), { recursive: true });
    const next = world.minute();
    const plain = await world.next();
    expect((await stores.store.read.runRead({ id: plain.ref.runId })).trigger?.due).toBe(next);
  });

  test("is handed out for its own attempt only, while that is live", async () => {
    await using world = await coordinator();
    const { plain, reader } = await twoTasks(world);
    const may = (task: Task, pack: Task) =>
      stores.store.read.attemptAccess({
        ref: task.ref,
        workerId: parseWorkerId("w"),
        snapshotDigest: present(digestOf(pack), "a digest"),
      });
    expect([await may(reader, reader), await may(reader, plain), await may(plain, plain)]).toEqual([
      "live",
      "over",
      "over",
    ]);
  });

  test("cannot be changed by whoever was given its bytes", async () => {
    await using world = await coordinator();
    await submit(world);
    await submit(world);
    const [first, second] = [await world.next(), await world.next()];
    const bytes = first.work.kind === "agent" ? first.work.snapshot.gzip : undefined;
    present(bytes, "the bytes come along with the first task").fill(0);
    expect((await open(second)).config.profile).toBe("analyst");
    const stored = await stores.store.read.snapshotRead({ digest: present(digestOf(second), "a digest") });
    expect(stored.gzip[0]).toBe(0x1f);
  });
});

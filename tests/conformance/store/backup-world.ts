/** A data folder with open stores, runs that ended in it, and room beside it for backups. */

import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { invariant, silentLog, systemClock, systemRandom } from "@haversack/base";
import { type Artifact, parseDigest, type RunId } from "@haversack/protocol";
import { BlobStore } from "../../../packages/coordinator/src/blobs/blob-store.ts";
import { migrationsFolderOf } from "../../../packages/coordinator/src/maintenance/schema-versions.ts";
import { migrate, readMigrations } from "../../../packages/coordinator/src/store/migrate.ts";
import { openSqliteLogStore, openSqliteStore } from "../../../packages/coordinator/src/store/sqlite-store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { ChildrenWorld, simple } from "./children-world.ts";
import { human } from "./describe-approvals.ts";
import { dag, each, step, World } from "./store-world.ts";

export const ports = { clock: systemClock, random: systemRandom, log: silentLog };
export const { signal } = new AbortController();

export async function openFolder(path: string) {
  const [store, logs] = await Promise.all([openSqliteStore(path), openSqliteLogStore(path)]);
  const world = new World(store);
  const close = async () => {
    await store[Symbol.asyncDispose]();
    await logs[Symbol.asyncDispose]();
  };
  return { store, logs, world, close, [Symbol.asyncDispose]: close };
}

export async function setup() {
  const folder = await tempFolder();
  const dataDir = join(folder.path, "data");
  await mkdir(dataDir);
  const opened = await openFolder(dataDir);
  const dispose = async () => {
    await opened.close();
    await folder[Symbol.asyncDispose]();
  };
  return {
    ...opened,
    dataDir,
    elsewhere: join(folder.path, "new"),
    at: (name: string) => join(folder.path, name),
    [Symbol.asyncDispose]: dispose,
  };
}
export type Setup = Awaited<ReturnType<typeof setup>>;

/** A run that ended, with a line of log and an artifact. */
export async function finishedRun({ world, logs, dataDir }: Setup, content = "result\n"): Promise<RunId> {
  const worker = world.worker("w");
  const runId = await world.submit(dag(step("a")));
  const ref = await worker.claim(runId, "a");
  const data = Buffer.from("hello\n");
  await logs.write.logsAppend({ chunks: [{ ref, stream: "stdout", offset: 0, data }] });
  await worker.finish(ref, { artifacts: [await artifactOf(dataDir, content)] });
  return runId;
}

async function artifactOf(dataDir: string, content: string): Promise<Artifact> {
  const data = Buffer.from(content);
  const digest = parseDigest(`sha256:${createHash("sha256").update(data).digest("hex")}`);
  const blobs = new BlobStore(join(dataDir, "blobs"), ports.clock);
  await blobs.put(
    { digest, size: data.length },
    (async function* () {
      yield data;
    })(),
  );
  return { path: "out.txt", digest, size: data.length, executable: false };
}

const names = ["haversack.db", "logs.db"] as const;

/** Databases as the first version made them. */
export async function oldFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  for (const name of names) {
    const db = new DatabaseSync(join(path, name));
    migrate(db, readMigrations(migrationsFolderOf(name)).slice(0, 1), name);
    db.close();
  }
  return path;
}

export const newestSchema = (): number | undefined =>
  readMigrations(migrationsFolderOf("haversack.db")).at(-1)?.version;

async function itemsInEveryState({ world }: Setup): Promise<void> {
  const worker = world.worker("w");
  const spec = dag(step("a", [], each([1, 2, 3, 4], { maxParallel: 2 })), step("b", ["a"]));
  const [running, stopped] = [await world.submit(spec), await world.submit(spec)];
  await worker.finish(await worker.claim(running, "a.0"));
  await worker.start(await worker.claim(running, "a.1"));
  const held = await worker.claim(stopped, "a.1");
  await worker.fail(await worker.claim(stopped, "a.0"));
  const retried = await world.submit(spec);
  await worker.finish(await worker.claim(retried, "a.1"));
  await worker.fail(await worker.claim(retried, "a.0"));
  await world.retry(retried);
  await worker.renew(held);
}

/** Runs in every state, while the store goes on to be open. */
/** For a person, for somebody to resume them, for a run that they have started. */
async function waitingRuns({ world }: Setup): Promise<void> {
  await world.submit(dag(human("ask"), step("b", ["ask"])));
  await world.pause(await world.submit(dag(step("a"), step("b", ["a"]))));
  const families = new ChildrenWorld(world.store);
  await families.submitFamily(simple());
  await families.startOnly();
}

export async function busyFolder(): Promise<Setup> {
  const opened = await setup();
  const { world, dataDir } = opened;
  await finishedRun(opened);
  await itemsInEveryState(opened);
  const worker = world.worker("w");
  const chain = dag(step("a"), step("b", ["a"]), step("c", ["a", "b"], { continueOnError: true }));
  const [queued, leased, running, half, cancelled, failed, retried] = await Promise.all(
    Array.from({ length: 7 }, () => world.submit(chain)),
  );
  for (const runId of [leased, running, half, cancelled, failed, retried]) {
    if (runId === undefined) throw new Error("no run");
    const ref = await worker.claim(runId, "a");
    if (runId !== leased) await worker.start(ref);
    if (runId === half) await worker.finish(ref, { artifacts: [await artifactOf(dataDir, "half")] });
    if (runId === failed || runId === retried) await worker.fail(ref);
    if (runId === cancelled) await world.store.write.runCancel({ id: runId, now: world.now });
  }
  if (retried !== undefined) await world.retry(retried);
  invariant(queued !== undefined, "a run waits");
  // Four items of which two at a time: one has ended, one runs, one is ready, one waits.
  const items = dag(step("a", [], each([1, 2, 3, 4], { maxParallel: 2 })), step("b", ["a"]));
  const some = await world.submit(items);
  await worker.finish(await worker.claim(some, "a.1"));
  await worker.start(await worker.claim(some, "a.0"));
  const all = await world.submit(items);
  for (const id of ["a.0", "a.1", "a.2", "a.3", "b"]) await worker.finish(await worker.claim(all, id));
  const retriedItems = await world.submit(items);
  await worker.fail(await worker.claim(retriedItems, "a.0"));
  await waitingRuns(opened);
  const noter = await world.submitWriter();
  const ref = await worker.claim(noter, "a");
  const change = { kind: "add", text: "a note" } as const;
  await worker.finish(ref, { memory: [{ id: "1", scope: "global", change, untrusted: false }] });
  return opened;
}

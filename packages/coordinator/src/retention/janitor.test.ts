import { join } from "node:path";
import { type Log, silentLog } from "@haversack/base";
import type { Artifact, AttemptRef, Digest, LogChunk, RunId } from "@haversack/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FakeClock, fakePorts, until } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { BlobStore } from "../blobs/blob-store.ts";
import { soleLeader } from "../leadership/leadership.ts";
import { helloOf, resultOf, stepOf } from "../testing/fleet-samples.ts";
import { digestOf, packOf } from "../testing/packs.ts";
import { openRealStores, type RealStores } from "../testing/real-store.ts";
import { type JanitorParts, janitor } from "./janitor.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const done = "removed what nobody needs any more";
let folder: Awaited<ReturnType<typeof tempFolder>>;
let stores: RealStores;
let clock: FakeClock;
let blobs: BlobStore;
let said: { readonly level: string; readonly fields: object; readonly message: string }[];
beforeAll(async () => {
  [folder, stores] = await Promise.all([tempFolder(), openRealStores()]);
});
beforeEach(() => {
  clock = new FakeClock();
  blobs = new BlobStore(join(folder.path, "blobs"), clock);
  said = [];
});
afterAll(async () => {
  await stores.close();
  await folder[Symbol.asyncDispose]();
});

const note =
  (level: string): Log["info"] =>
  (fields, message) =>
    void said.push({ level, fields, message });
const log: Log = { ...silentLog, info: note("info"), error: note("error") };

/** Runs it until that was said so often; the pauses between its slices pass by themselves. */
async function sweep(times = 1, more: Partial<JanitorParts> = {}): Promise<void> {
  const { store, logs } = stores;
  const common = { store, logs, blobs, leadership: soleLeader, ports: { ...fakePorts(clock), log } };
  const service = janitor({ ...common, retentionMs: 30 * dayMs, graceMs: dayMs, ...more }, (error) => {
    throw error;
  });
  await service.start(new AbortController().signal);
  const rests = (): boolean => clock.timers === 1 && (clock.nextIn ?? 0) >= hourMs / 2;
  for (let round = 1; round <= times; round++) {
    if (round > 1) clock.advance(hourMs);
    await until(() => {
      if (clock.timers === 1 && !rests()) clock.advance(20);
      return rests();
    }, `the end of round ${round}`);
  }
  await service.stop("now");
}

const hello = helloOf("w");
const finish = (ref: AttemptRef, artifacts: readonly Artifact[]) =>
  stores.store.write.attemptsFinish({
    results: [{ result: resultOf(ref, { artifacts }), resultDigest: "d" }],
    workerId: hello.workerId,
    now: clock.now(),
  });

async function blob(text: string) {
  const digest = digestOf(text);
  const data = async function* () {
    yield Buffer.from(text);
  };
  await blobs.put({ digest, size: text.length }, data());
  return { path: "f", digest, size: text.length, executable: false };
}

/** A run with a pack, a log and an artifact, that has ended. */
async function oldRun(name: string, chunks = 1) {
  const pack = packOf(name);
  const runId = await stores.submitWith([pack], clock.now(), stepOf("s0"));
  const ref = await stores.claim(runId, 0, hello, clock.now());
  const piece = (offset: number): LogChunk => ({ ref, stream: "stdout", offset, data: Buffer.from("x") });
  await stores.logs.write.logsAppend({ chunks: Array.from({ length: chunks }, (_, index) => piece(index)) });
  const artifact = await blob(name);
  await finish(ref, [artifact]);
  return { runId, pack, artifact };
}

const logOf = (runId: RunId) => stores.logs.read.logsRead({ runId, stepId: "", after: 0, limit: 10 });
const isKnown = (id: RunId) =>
  stores.store.read.runRead({ id }).then(
    () => true,
    () => false,
  );

const isStored = ({ digest }: { readonly digest: Digest }) =>
  stores.store.read.snapshotRead({ digest }).then(
    () => true,
    () => false,
  );

describe("the janitor", () => {
  test("removes an old run with its log, its pack and its artifact, at its start", async () => {
    const { runId, pack, artifact } = await oldRun("one");
    clock.advance(30 * dayMs + 1);
    await sweep();
    expect(said).toEqual([
      { level: "info", fields: { runs: 1, packs: 1, packBytes: 10, blobs: 1, blobBytes: 3 }, message: done },
    ]);
    expect([await isKnown(runId), await isStored(pack), await blobs.has(artifact.digest)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(await logOf(runId)).toEqual([]);
  });

  test("comes back every hour, and says nothing when there is nothing", async () => {
    const { runId } = await oldRun("two");
    clock.advance(30 * dayMs - 3 * hourMs + 1);
    await sweep(3);
    expect([said, await isKnown(runId)]).toEqual([[], true]);
    await sweep(3);
    expect([said.length, await isKnown(runId)]).toEqual([1, false]);
  });

  test("leaves everything of a run that is young, that lives, or that shares", async () => {
    const old = await oldRun("three");
    const live = await stores.submitWith([packOf("four")], clock.now(), stepOf("s0"));
    clock.advance(20 * dayMs);
    const young = await oldRun("three");
    clock.advance(20 * dayMs);
    await sweep();
    expect(said).toMatchObject([{ fields: { runs: 1, packs: 0, blobs: 0 } }]);
    expect([await isKnown(old.runId), await isKnown(live), await isKnown(young.runId)]).toEqual([
      false,
      true,
      true,
    ]);
    expect([await isStored(old.pack), await blobs.has(old.artifact.digest)]).toEqual([true, true]);
    await stores.claim(live, 0, hello, clock.now());
    expect(await stores.phases(live)).toBe("running s0=leased");
    expect(await logOf(young.runId)).toHaveLength(1);
  });

  test("forgets no run when retention is off, and goes on with what was marked before", async () => {
    const { runId } = await oldRun("five");
    const marked = await oldRun("six");
    await stores.store.write.runCancel({ id: runId, now: clock.now() });
    clock.advance(365 * dayMs);
    await sweep(1, { retentionMs: undefined });
    expect([await isKnown(runId), await isKnown(marked.runId)]).toEqual([true, true]);
    await stores.store.write.runsRetire({ endedBefore: clock.now(), limit: 2 });
    await sweep(1, { retentionMs: undefined });
    expect(said.at(-1)).toMatchObject({ fields: { runs: 2 } });
  });

  test("goes on where a process before it was killed, the log included", async () => {
    const { runId, pack } = await oldRun("seven", 300);
    const { write, read } = stores.store;
    await write.runsRetire({ endedBefore: clock.now() + 1, limit: 10 });
    await stores.logs.write.logsErase({ runIds: [runId], limit: 100 });
    expect((await logOf(runId)).length).toBeGreaterThan(0);
    clock.advance(2 * dayMs);
    await sweep();
    expect([await logOf(runId), await read.runsForgotten({ limit: 10 }), await isStored(pack)]).toEqual([
      [],
      [],
      false,
    ]);
    // A process that was killed between the two files: the log is gone, the rows are not.
    const other = await oldRun("eight");
    await write.runsRetire({ endedBefore: clock.now() + 1, limit: 10 });
    await write.runsErase({ ids: [other.runId], limit: 2 });
    await sweep();
    expect([await logOf(other.runId), await read.runsForgotten({ limit: 10 })]).toEqual([[], []]);
  });

  test("leaves the artifact of a result that comes days late", async () => {
    const runId = await stores.submit(clock.now(), stepOf("s", [], { artifacts: ["f"] }));
    const stray = await blob("stray");
    clock.advance(hourMs);
    const ref = await stores.claim(runId, 0, hello, clock.now());
    const artifact = await blob("late");
    clock.advance(3 * dayMs);
    await sweep();
    expect([await blobs.has(artifact.digest), await blobs.has(stray.digest)]).toEqual([true, false]);
    expect(await finish(ref, [artifact])).toEqual([]);
    clock.advance(3 * dayMs);
    await sweep();
    expect(await blobs.has(artifact.digest)).toBe(true);
  });

  test("tells what went wrong and tries again", async () => {
    const { runId } = await oldRun("nine");
    clock.advance(31 * dayMs);
    let refusals = 1;
    const broken = {
      ...stores.logs,
      write: {
        ...stores.logs.write,
        logsErase: async (query: { runIds: readonly RunId[]; limit: number }) => {
          if (refusals-- > 0) throw new Error("the disk is full");
          return await stores.logs.write.logsErase(query);
        },
      },
    };
    await sweep(2, { logs: broken });
    expect(said.map(({ level }) => level)).toEqual(["error", "info"]);
    expect([await isKnown(runId), await logOf(runId)]).toEqual([false, []]);
  });
});

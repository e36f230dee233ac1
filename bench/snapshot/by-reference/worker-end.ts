/** The worker's end, `{@link RoundsAsked}` as JSON: the product's connection and cache. Answers with all rounds. */

import { join } from "node:path";
import { FaultError, present, systemClock } from "@haversack/base";
import { type Downward, type SnapshotDescriptor, type Task, type WorkerHello } from "@haversack/protocol";
import { plainHello } from "../../../packages/protocol/src/testing/plain-hello.ts";
import { SnapshotCache } from "../../../packages/worker/src/hydrate/snapshot-cache.ts";
import { Connection } from "../../../packages/worker/src/session/dial.ts";
import { openAccess } from "../../../packages/worker/src/testing/open-access.ts";
import { readPack } from "../specimen.ts";
import { type Carriage, carriageLabel, type RoundDone, type RoundsAsked } from "./rounds.ts";

const signal = new AbortController().signal;

/** Counts the packs that are fetched. */
class CountingConnection extends Connection {
  transfers = 0;
  override async getSnapshot(...args: Parameters<Connection["getSnapshot"]>): Promise<Uint8Array> {
    this.transfers += 1;
    return await super.getSnapshot(...args);
  }
}

const asked = JSON.parse(process.argv[2] ?? "") as RoundsAsked;
const connection = new CountingConnection([new URL(asked.url)], openAccess());
const { gzip } = await readPack(asked.specimen);
const done: RoundDone[] = [];
for (let index = 0; index < asked.warmUpRounds + asked.rounds; index++) {
  for (const carriage of ["inline", "reference"] as const) {
    const result = await round(carriage, join(asked.folder, `${carriage}-${index}`));
    if (index >= asked.warmUpRounds) done.push(result);
  }
}
connection.close();
process.stdout.write(`${JSON.stringify(done)}\n`);

/** A session of its own with an empty cache: from the grant of its tasks to the last pack that was looked up. */
async function round(carriage: Carriage, folder: string): Promise<RoundDone> {
  const cache = new SnapshotCache(folder, connection, systemClock);
  const tasks = asked.tasks[carriage];
  const transfersBefore = connection.transfers;
  const packs: Uint8Array[] = [];
  const stream = connection.session();
  stream.send({ kind: "hello", hello: hello(carriage) });
  let startedAt = Number.NaN;
  let taken = 0;
  for await (const message of stream.messages) {
    if (message.kind === "welcome") {
      startedAt = systemClock.monotonic();
      stream.send({ kind: "credits", grantedTotal: tasks });
    }
    taken += await take(message, cache, packs);
    if (taken >= tasks) break;
  }
  const ms = systemClock.monotonic() - startedAt;
  stream.close();
  if (taken < tasks) {
    throw new FaultError(
      "unavailable",
      "bench_session",
      `the session ended after ${taken} of ${tasks} tasks`,
    );
  }
  // After the clock has stopped: comparing is no part of the path.
  const whole = packs.filter((pack) => Buffer.compare(pack, gzip) === 0).length;
  return { carriage, tasks: taken, ms, whole, transfers: connection.transfers - transfersBefore };
}

/** Looks up the pack of each task, those of one message at once, as the attempts of that many slots would. */
async function take(message: Downward, cache: SnapshotCache, packs: Uint8Array[]): Promise<number> {
  if (message.kind !== "tasks") return 0;
  await Promise.all(
    message.tasks.map(async (task) => {
      const snapshot = snapshotOf(task);
      await cache.acquire(task.ref, snapshot, signal);
      if (snapshot.gzip !== undefined) packs.push(snapshot.gzip);
    }),
  );
  for (const task of message.tasks) cache.release(task.ref, snapshotOf(task).digest);
  return message.tasks.length;
}

function snapshotOf({ work }: Task): SnapshotDescriptor {
  return present(work.kind === "agent" ? work.snapshot : undefined, "the snapshot of an agent task");
}

function hello(carriage: Carriage): WorkerHello {
  return plainHello("bench", { labels: new Map([[carriageLabel, carriage]]), slots: 64 });
}

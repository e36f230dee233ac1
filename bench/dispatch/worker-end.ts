/**
 * The worker's end and the client's, {@link RoundsAsked} as JSON: a plain gRPC client, and the product's connection, session
 * and uplink. Each task is told to have started and to have succeeded, at once: no process, no work folder, no spool. Answers with
 * {@link RoundsDone}; a task counts when the coordinator has acknowledged its result, which it does after its commit.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { silentLog, systemClock, systemRandom } from "@haversack/base";
import { type AttemptResult, type Downward, parseBootId, refKey, type Task } from "@haversack/protocol";
import { plainHello } from "../../packages/protocol/src/testing/plain-hello.ts";
import { Connection } from "../../packages/worker/src/session/dial.ts";
import { LeaseWatch } from "../../packages/worker/src/session/lease-watch.ts";
import { runSession } from "../../packages/worker/src/session/session.ts";
import { Uplink } from "../../packages/worker/src/session/uplink.ts";
import { joinedAccess } from "../../packages/worker/src/testing/open-access.ts";
import { shapes } from "./dags.ts";
import type { Load, RoundsAsked, RoundsDone } from "./rounds.ts";
import { submissionsTo } from "./submissions.ts";

/** Tasks that the worker takes at once: it never keeps the coordinator waiting. */
const slots = 2000;

const asked = JSON.parse(process.argv[2] ?? "") as RoundsAsked;
const stopping = new AbortController();
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const submissions = submissionsTo(new URL(asked.url), asked.adminToken);
const uplink = new Uplink((error) => {
  throw error;
});
const held = new Map<string, Task["ref"]>();
const welcomed = Promise.withResolvers<void>();
let grantedTotal = 0;
let acknowledged = 0;
let onTask: ((task: Task) => void) | undefined;
let onAcknowledged: (() => void) | undefined;

const hello = plainHello("bench", { bootId: parseBootId(ports.random.id()), slots });

const session = runSession(
  {
    connection: new Connection(
      [new URL(asked.url)],
      await joinedAccess(asked.url, hello.workerId, asked.workerToken),
    ),
    uplink,
    leases: new LeaseWatch(systemClock),
    ports,
    hello: () => hello,
    held: () => [...held.values()],
    cacheChanges: () => ({ snapshotsAdded: [], snapshotsEvicted: [] }),
    take,
    welcomed: () => {
      queueMicrotask(() => grant(slots));
      welcomed.resolve();
    },
  },
  stopping.signal,
);

function grant(more: number): void {
  grantedTotal += more;
  uplink.send({ kind: "credits", grantedTotal });
}

function take(message: Downward): void {
  if (message.kind === "tasks") {
    for (const task of message.tasks) finish(task);
    return;
  }
  if (message.kind !== "resultAcks") return;
  for (const ref of message.refs) held.delete(refKey(ref));
  acknowledged += message.refs.length;
  grant(message.refs.length);
  onAcknowledged?.();
}

function finish(task: Task): void {
  onTask?.(task);
  held.set(refKey(task.ref), task.ref);
  uplink.started(task.ref);
  uplink.result({ ...done, ref: task.ref });
}

const done: Omit<AttemptResult, "ref"> = {
  outcome: "succeeded",
  outputs: new Map(),
  artifacts: [],
  logs: [],
};

async function submit(dag: string): Promise<void> {
  await submissions.submit({ dag, idempotencyKey: ports.random.id() });
}

/** Resolves when so many more results are on the coordinator's disk. */
async function results(count: number): Promise<void> {
  const target = acknowledged + count;
  const reached = Promise.withResolvers<void>();
  onAcknowledged = () => acknowledged >= target && reached.resolve();
  await reached.promise;
}

async function load({ shape, runs, steps }: Load): Promise<number> {
  const dag = shapes[shape](steps);
  const from = systemClock.monotonic();
  const all = results(runs * steps);
  await Promise.all(Array.from({ length: runs }, () => submit(dag)));
  await all;
  return systemClock.monotonic() - from;
}

async function idle(): Promise<number> {
  const dag = shapes["fan-out"](1);
  // What the run before left to do, such as a checkpoint, is not this one's.
  await sleep(5);
  const started = Promise.withResolvers<number>();
  onTask = () => started.resolve(systemClock.monotonic());
  const all = results(1);
  const from = systemClock.monotonic();
  await submit(dag);
  const ms = (await started.promise) - from;
  await all;
  return ms;
}

/** Each submission leaves in its turn of the clock, even when earlier ones were not answered. */
async function steady({ perSecond, seconds }: RoundsAsked["steady"]): Promise<number[]> {
  const count = Math.max(1, Math.round(perSecond * seconds));
  const submittedAt: number[] = [];
  const ms: number[] = [];
  onTask = (task) => {
    ms.push(systemClock.monotonic() - (submittedAt[Number(task.env.get("PARAM_number"))] ?? Number.NaN));
  };
  const dag = `name: steady\nparams: { number: { type: integer } }\nsteps: [{ id: a, run: "true" }]\n`;
  const all = results(count);
  const from = systemClock.monotonic();
  const answers: Promise<unknown>[] = [];
  while (submittedAt.length < count) {
    const due = Math.min(count, Math.ceil(((systemClock.monotonic() - from) / 1000) * perSecond));
    while (submittedAt.length < due) {
      const number = submittedAt.push(systemClock.monotonic()) - 1;
      answers.push(submissions.submit({ dag, params: { number } }));
    }
    await sleep(1);
  }
  await Promise.all(answers);
  await all;
  return ms;
}

await welcomed.promise;
const loadMs: number[] = [];
for (const each of asked.loads) loadMs.push(await load(each));
const idleMs: number[] = [];
for (let index = 0; index < asked.idleRuns; index++) idleMs.push(await idle());
const steadyMs = await steady(asked.steady);
const answer: RoundsDone = { loadMs, idleMs, steadyMs };
const told = Promise.withResolvers<void>();
process.stdout.write(`${JSON.stringify(answer)}\n`, () => told.resolve());
stopping.abort();
await Promise.all([session, told.promise]);
process.exit(0);

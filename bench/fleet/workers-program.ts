/** A process of simulated workers, told what to do and telling what it sees by IPC; ends with whoever started it. */

import { setInterval } from "node:timers";
import { invariant } from "@haversack/base";
import type { Seen, ToWorkers } from "./messages.ts";
import { sharedNow } from "./messages.ts";
import { type SimulatedWorker, simulatedWorker, type WorkerEvents } from "./worker.ts";

type Lists = { -readonly [K in keyof Seen]: Seen[K] extends readonly (infer E)[] ? E[] : Seen[K] };

/** Between two messages: what happens meanwhile has its time already. */
const tellMs = 10;
const leaseCheckMs = 250;

const nothing = (): Lists => ({
  welcomes: [],
  tasks: [],
  cancels: [],
  finished: 0,
  heartbeats: 0,
  lost: [],
  failed: [],
});
let seen = nothing();
let timer: NodeJS.Timeout | undefined;
let holds = false;
let workers: readonly SimulatedWorker[] = [];

function note(add: (seen: Lists) => void): void {
  add(seen);
  timer ??= setTimeout(() => {
    timer = undefined;
    const told = seen;
    seen = nothing();
    process.send?.(told);
  }, tellMs);
}

const events: WorkerEvents = {
  welcomed: (worker) => note(({ welcomes }) => welcomes.push({ worker, at: sharedNow() })),
  task: ({ ref, env }) =>
    note(({ tasks }) => {
      const number = env.get("PARAM_number") ?? "";
      tasks.push({ run: ref.runId, number, attempt: ref.attempt, at: sharedNow() });
    }),
  cancelled: ({ runId }) => note(({ cancels }) => cancels.push({ run: runId, at: sharedNow() })),
  finished: (count) => note((seen) => (seen.finished += count)),
  heartbeat: () => note((seen) => (seen.heartbeats += 1)),
  lost: (how) => note(({ lost }) => lost.push(how)),
};

function obey(message: ToWorkers): void {
  if (message.kind === "mode") holds = message.holds;
  if (message.kind === "release") for (const worker of workers) worker.release();
  if (message.kind !== "start") return;
  const url = new URL(message.url);
  workers = message.workers.map((named) => simulatedWorker(url, named, events, () => holds));
  for (const worker of workers) {
    worker
      .run(new AbortController().signal)
      .catch((error: unknown) => note(({ failed }) => failed.push(String(error))));
  }
  setInterval(() => {
    for (const worker of workers) worker.checkLeases();
  }, leaseCheckMs);
}

invariant(process.send !== undefined, "this program is started by the benchmark");
process.on("message", obey);
process.on("disconnect", () => process.exit(0));

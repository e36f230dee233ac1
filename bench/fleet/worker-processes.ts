/** The fleet as the benchmark sees it: processes of workers, and all that they told. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { FaultError, systemClock } from "@haversack/base";
import type { NamedWorker, Seen, SeenTask, ToWorkers } from "./messages.ts";

const program = fileURLToPath(import.meta.resolve("./workers-program.ts"));
/** Nothing that is waited for here takes as long on a machine that can do it at all. */
const patienceMs = 180_000;

export interface Fleet extends AsyncDisposable {
  readonly size: number;
  /** By worker, when it was welcomed last. */
  readonly welcomedAt: ReadonlyMap<string, number>;
  readonly tasks: readonly SeenTask[];
  /** By run, when its cancel came. */
  readonly cancelledAt: ReadonlyMap<string, number>;
  readonly lost: readonly string[];
  readonly counts: { readonly finished: number; readonly heartbeats: number };
  tell(message: ToWorkers): void;
  /** Looked at whenever the workers tell something. Rejects when it takes minutes, and when a worker fails. */
  until(what: string, isSo: () => boolean): Promise<void>;
}

export function startFleet(
  url: string,
  workers: readonly NamedWorker[],
  processes: number,
  signal: AbortSignal,
): Fleet {
  signal.throwIfAborted();
  const each = Math.ceil(workers.length / processes);
  const children: ChildProcess[] = [];
  const seen = gathered(signal);
  for (let from = 0; from < workers.length; from += each) {
    const child = spawn(process.execPath, [program], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    children.push(child);
    child.on("message", (message) => seen.add(message as Seen));
    child.on("exit", (code) => seen.fail(`a process of workers ended (${code})`));
    child.on("error", (error) => seen.fail(error.message));
    child.send({ kind: "start", url, workers: workers.slice(from, from + each) } satisfies ToWorkers);
  }
  return {
    size: workers.length,
    ...seen.view,
    tell: (message) => children.forEach((child) => void child.send(message)),
    async [Symbol.asyncDispose]() {
      seen.over();
      const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
      const ended = running.map(async (child) => await once(child, "exit"));
      for (const child of running) child.kill("SIGKILL");
      await Promise.all(ended);
    },
  };
}

function gathered(signal: AbortSignal) {
  const welcomedAt = new Map<string, number>();
  const cancelledAt = new Map<string, number>();
  const [tasks, lost]: [SeenTask[], string[]] = [[], []];
  const counts = { finished: 0, heartbeats: 0 };
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  let look = (): void => {};
  const fail = (why: string): void =>
    broken.reject(new FaultError("bug", "bench_program_failed", `the fleet failed: ${why}`));
  const onAbort = (): void => broken.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    fail,
    add(seen: Seen): void {
      for (const { worker, at } of seen.welcomes) welcomedAt.set(worker, at);
      for (const { run, at } of seen.cancels) cancelledAt.set(run, cancelledAt.get(run) ?? at);
      tasks.push(...seen.tasks);
      lost.push(...seen.lost);
      counts.finished += seen.finished;
      counts.heartbeats += seen.heartbeats;
      for (const why of seen.failed) fail(why);
      look();
    },
    over: () => signal.removeEventListener("abort", onAbort),
    view: {
      welcomedAt,
      cancelledAt,
      tasks,
      lost,
      counts,
      async until(what: string, isSo: () => boolean) {
        const reached = Promise.withResolvers<void>();
        const late = new FaultError("bug", "bench_too_slow", `after ${patienceMs} ms not so: ${what}`);
        const timer = systemClock.after(patienceMs, () => reached.reject(late));
        look = () => isSo() && reached.resolve();
        look();
        await Promise.race([reached.promise, broken.promise]).finally(() => timer.cancel());
      },
    },
  };
}

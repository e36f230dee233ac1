import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Log, silentLog, systemClock, systemRandom } from "@haversack/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WorkerProcess } from "./worker-process.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haversack-worker-process-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function workerRunning(script: string, log: Log = silentLog) {
  const file = join(folder, "worker.mjs");
  writeFileSync(file, script);
  const logFile = join(folder, "worker.log");
  const clock = { ...systemClock, after: (_ms: number, call: () => void) => systemClock.after(1, call) };
  const command: [string, ...string[]] = [process.execPath, file];
  const worker = new WorkerProcess({ command, env: {}, logFile, clock, random: systemRandom, log });
  return { worker, output: () => readFileSync(logFile, "utf8") };
}

/** Resolves when the worker process has said so many times that it was started. */
function startedTimes(count: number): { log: Log; reached: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let seen = 0;
  return { reached: promise, log: { ...silentLog, info: () => void (++seen === count && resolve()) } };
}

test("is started again when it dies", async () => {
  const { log, reached } = startedTimes(3);
  const { worker } = workerRunning("process.kill(process.pid, 'SIGKILL')", log);
  await worker.start();
  await reached;
  await worker.stop("now");
  await worker.ended;
});

test("gives up when it never stays up, and says where the reason is", async () => {
  const { worker, output } = workerRunning("console.log('why'); process.exit(1)");
  await worker.start();
  await expect(worker.ended).rejects.toThrow(/exit code 1 .*worker\.log/);
  expect(output()).toBe("why\n".repeat(6));
});

test("does not try again when that would change nothing", async () => {
  const { worker, output } = workerRunning("console.log('denied'); process.exit(5)");
  await worker.start();
  await expect(worker.ended).rejects.toThrow("exit code 5");
  expect(output()).toBe("denied\n");
});

test("sees its standard input end when we die, and is told to stop by a signal", async () => {
  const { log, reached } = startedTimes(1);
  const script = "process.stdin.resume(); process.on('SIGTERM', () => process.exit(0));";
  const { worker } = workerRunning(script, log);
  await worker.start();
  await reached;
  await worker.stop("drain");
  await worker.ended;
});

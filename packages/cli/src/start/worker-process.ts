/**
 * The worker of `haversack start`: a process of its own, started again when it dies. It leads a process group, so that
 * Ctrl-C reaches it through us alone, and it ends when its standard input ends, so that it never outlives us.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import {
  type Clock,
  FaultError,
  fullJitter,
  type Log,
  type Ms,
  pause,
  type Random,
  type StopMode,
  type Timer,
} from "@haversack/base";
import { exitCodes } from "../exit-codes.ts";
import type { Lasting } from "../serve.ts";

export interface WorkerProcessSettings {
  /** argv, the program first. */
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  /** Its output is appended here. */
  readonly logFile: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A life that was longer than this was not a failed start. */
const goodLifeMs: Ms = 20_000;
const failedStartsMax = 6;
const backoffFloorMs: Ms = 250;
const backoffCapMs: Ms = 10_000;
/** A worker takes the first SIGTERM as "drain" and a second one, if it is no echo, as "now". */
const secondAfterMs: Ms = 600;
const toldMax = 2;
/** A worker that should end now is killed after this. */
const killAfterMs: Ms = 8_000;
/** Starting it again would change nothing. A folder in use is not among them: its owner may be about to end. */
const hopeless: ReadonlySet<number | null> = new Set([exitCodes.invalid, exitCodes.denied]);

export class WorkerProcess implements Lasting {
  readonly name = "worker process";
  readonly ended: Promise<void>;
  readonly #settings: WorkerProcessSettings;
  readonly #stopping = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #child: ChildProcess | undefined;
  #watching: Promise<void> | undefined;
  #told = 0;

  constructor(settings: WorkerProcessSettings) {
    this.#settings = settings;
    this.ended = this.#ended.promise;
    // Whoever does not ask is not told: a rejection without a listener would end the process.
    this.ended.catch(() => {});
  }

  async start(): Promise<void> {
    this.#watching ??= this.#watch();
  }

  /** `drain`: running steps may finish, however long they take. `now`: they are ended. */
  async stop(mode: StopMode): Promise<void> {
    this.#stopping.abort();
    const { clock } = this.#settings;
    const timers: Timer[] = [];
    if (this.#told === 0 || mode === "now") this.#tell();
    if (mode === "now") {
      timers.push(clock.after(secondAfterMs, () => this.#tell()));
      timers.push(clock.after(killAfterMs, () => this.#child?.kill("SIGKILL")));
    }
    await this.#watching;
    for (const timer of timers) timer.cancel();
  }

  #tell(): void {
    if (this.#told >= toldMax) return;
    this.#told++;
    this.#child?.kill("SIGTERM");
  }

  async #watch(): Promise<void> {
    try {
      await this.#keepAlive();
      this.#ended.resolve();
    } catch (error) {
      if (this.#stopping.signal.aborted) this.#ended.resolve();
      else this.#ended.reject(error);
    }
  }

  async #keepAlive(): Promise<void> {
    const { clock, random, log } = this.#settings;
    let failedStarts = 0;
    while (!this.#stopping.signal.aborted) {
      const startedAt = clock.monotonic();
      const code = await this.#oneLife();
      if (this.#stopping.signal.aborted) return;
      failedStarts = clock.monotonic() - startedAt > goodLifeMs ? 0 : failedStarts + 1;
      if (hopeless.has(code) || failedStarts >= failedStartsMax) throw this.#failure(code);
      const delayMs = backoffFloorMs + fullJitter(random, failedStarts, backoffFloorMs, backoffCapMs);
      log.warn({ code, delayMs }, "the worker process ended; it is started again");
      await pause(clock, delayMs, this.#stopping.signal);
    }
  }

  /** From start to end; the exit code, or null after a signal. */
  async #oneLife(): Promise<number | null> {
    const { command, env, logFile, log } = this.#settings;
    const [program, ...args] = command;
    const output = openSync(logFile, "a", 0o600);
    try {
      const child = spawn(program, args, { env, detached: true, stdio: ["pipe", output, output] });
      this.#child = child;
      log.info({ workerPid: child.pid }, "started the worker process");
      const [code] = (await once(child, "exit")) as [number | null];
      return code;
    } finally {
      closeSync(output);
      this.#child = undefined;
    }
  }

  #failure(code: number | null): FaultError {
    const how = code === null ? "was killed" : `ended with exit code ${code}`;
    const message = `the worker process ${how} and does not stay up; why is at the end of ${this.#settings.logFile}`;
    return new FaultError("unavailable", "worker_process", message);
  }
}

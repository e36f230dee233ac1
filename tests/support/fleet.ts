/** Real processes: a coordinator and workers as a user starts them, on folders and ports of their own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemRandom } from "@haversack/base";
import {
  createClient,
  type HaversackClient,
  type RunDetail,
  type RunEvent,
  type RunId,
} from "@haversack/protocol";
import { tempFolder } from "./temp-folder.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = join(root, "packages/cli/src/main.ts");

export const repositoryRoot = root;
export const noSignal = new AbortController().signal;

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of ours, ended with the test whatever happens. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<ProgramEnd>;
  #stdout = "";
  #stderr = "";
  readonly #lines: { readonly test: (line: string) => boolean; readonly found: (line: string) => void }[] =
    [];

  /** @param prefix a command that runs what is named after it, such as in a namespace */
  constructor(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    cwd = root,
    prefix: readonly string[] = [],
  ) {
    const [first = "", ...rest] = [...prefix, process.execPath, program, ...args];
    const { OPENAI_API_KEY: _o, ANTHROPIC_API_KEY: _a, ...inherited } = process.env;
    this.child = spawn(first, rest, {
      cwd,
      env: { ...inherited, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#read(this.child.stdout, (line) => (this.#stdout += `${line}\n`));
    this.#read(this.child.stderr, (line) => (this.#stderr += `${line}\n`));
    this.ended = once(this.child, "close").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves with the first line, of either stream, that matches; rejects when the process ends before. */
  async line(pattern: RegExp): Promise<string> {
    const found = Promise.withResolvers<string>();
    this.#lines.push({ test: (line) => pattern.test(line), found: found.resolve });
    const earlier = `${this.#stdout}${this.#stderr}`.split("\n").find((line) => pattern.test(line));
    if (earlier !== undefined) return earlier;
    const end = this.ended.then(({ code, stderr }) => {
      throw new Error(`the process ended (${code}) before ${pattern} came:\n${stderr}`);
    });
    return await Promise.race([found.promise, end]);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<ProgramEnd> {
    this.child.kill(signal);
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGCONT");
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
  }

  #read(stream: NodeJS.ReadableStream | null, keep: (line: string) => void): void {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      keep(line);
      for (const waiting of this.#lines) if (waiting.test(line)) waiting.found(line);
    });
  }
}

/** Runs a command to its end. */
export async function haversack(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd = root,
): Promise<ProgramEnd> {
  return await new Program(args, env, cwd).ended;
}

export interface FleetOptions {
  readonly leaseTtl?: string;
  readonly agents?: string;
  readonly model?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A folder of artifacts that it shares with other coordinators. */
  readonly blobs?: string;
}

/** One coordinator, any number of workers, and a client. */
export class Fleet implements AsyncDisposable {
  readonly folder: string;
  readonly #options: FleetOptions;
  readonly #programs: Program[] = [];
  readonly #remove: () => PromiseLike<void>;
  #address = "127.0.0.1:0";
  #coordinator: Program | undefined;
  /** Resolves when the one that was killed is followed by another. */
  #back = Promise.withResolvers<void>();

  private constructor(folder: string, remove: () => PromiseLike<void>, options: FleetOptions) {
    this.folder = folder;
    this.#remove = remove;
    this.#options = options;
  }

  static async start(options: FleetOptions = {}): Promise<Fleet> {
    const folder = await tempFolder("haversack-fleet");
    const fleet = new Fleet(folder.path, () => folder[Symbol.asyncDispose](), options);
    if (options.blobs !== undefined) {
      await mkdir(fleet.data, { mode: 0o700 });
      await symlink(options.blobs, join(fleet.data, "blobs"));
    }
    await fleet.startCoordinator();
    return fleet;
  }

  get data(): string {
    return join(this.folder, "coordinator");
  }

  get url(): string {
    return `http://${this.#address}`;
  }

  /** The first time on a port that the system chooses, then on the same one. @param more options of this start */
  async startCoordinator(more: readonly string[] = []): Promise<Program> {
    const { leaseTtl, agents, model, env } = this.#options;
    const program = this.#start(
      [
        "coordinator",
        "--data",
        this.data,
        "--listen",
        this.#address,
        "--agents",
        agents ?? join(root, "examples/agents"),
        ...(leaseTtl === undefined ? [] : ["--lease-ttl", leaseTtl]),
        ...(model === undefined ? [] : ["--model", model]),
        ...more,
      ],
      env,
    );
    const line = await program.line(/listening on/);
    this.#address = /http:\/\/(\S+?),/.exec(line)?.[1] ?? "";
    this.#coordinator = program;
    this.#back.resolve();
    return program;
  }

  get coordinator(): Program | undefined {
    return this.#coordinator;
  }

  async killCoordinator(): Promise<void> {
    this.#back = Promise.withResolvers();
    await this.#coordinator?.kill();
  }

  /** Resolves once the coordinator knows it. The same name again is the same worker. */
  async startWorker(
    name: string,
    args: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
  ): Promise<Program> {
    const program = this.startWorkerUnseen(name, args, env);
    await program.line(/worker started/);
    return program;
  }

  startWorkerUnseen(name: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Program {
    const data = join(this.folder, name);
    return this.#start(
      ["worker", "--coordinator-data", this.data, "--data", data, "--name", name, "--slots", "4", ...args],
      {
        ...this.#options.env,
        ...env,
        ...(this.#coordinator === undefined ? {} : { HAVERSACK_URL: this.url }),
      },
    );
  }

  async client(): Promise<HaversackClient> {
    return createClient({ url: this.url, token: await this.token("admin") });
  }

  async token(role: "admin" | "worker"): Promise<string> {
    return (await readFile(join(this.data, `${role}.token`), "utf8")).trim();
  }

  async submit(dag: string, params: Record<string, string> = {}): Promise<RunDetail> {
    const client = await this.client();
    const submission = { dag, fileName: "test.yaml", params, idempotencyKey: systemRandom.id() };
    return (await client.submit(submission, noSignal)).run;
  }

  /** The first event that matches; rides out restarts of the coordinator. */
  async event(run: RunId, matches: (event: RunEvent) => boolean): Promise<RunEvent> {
    for await (const event of this.events(run)) if (matches(event)) return event;
    throw new Error(`run ${run} ended without the event`);
  }

  /** Every event of the run, resumed after each broken connection. */
  async *events(run: RunId): AsyncIterable<RunEvent> {
    let seq = 0;
    for (;;) {
      try {
        for await (const event of (await this.client()).watch(run, seq, noSignal)) {
          seq = event.seq;
          yield event;
        }
        return;
      } catch (error) {
        if (
          !String(error).match(
            /ECONNREFUSED|ECONNRESET|closed|terminated|unavailable|aborted|refused|shutdown|stream/i,
          )
        ) {
          throw error;
        }
        await this.#back.promise;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  step(run: RunId, stepId: string, phase: string, attempt?: number): Promise<RunEvent> {
    return this.event(
      run,
      ({ change }) =>
        change.kind === "step" &&
        change.stepId === stepId &&
        change.phase === phase &&
        (attempt === undefined || change.attempt === attempt),
    );
  }

  /** All events, once the run has ended. */
  async finished(run: RunId): Promise<{ readonly run: RunDetail; readonly events: readonly RunEvent[] }> {
    const events: RunEvent[] = [];
    for await (const event of this.events(run)) events.push(event);
    return { run: await (await this.client()).run(run, noSignal), events };
  }

  async log(run: RunId, stepId: string): Promise<string> {
    const pieces: Buffer[] = [];
    for await (const piece of (await this.client()).logs({ runId: run, stepId, follow: false }, noSignal)) {
      if (piece.stream !== "system") pieces.push(Buffer.from(piece.data));
    }
    return Buffer.concat(pieces).toString("utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs.toReversed()) await program[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
    await this.#remove();
  }

  #start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const program = new Program(args, env);
    this.#programs.push(program);
    return program;
  }
}

/** Steps whose success was accepted, by id, with how often: more than once would be a broken promise. */
export function acceptedCounts(events: readonly RunEvent[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { change } of events) {
    if (change.kind === "step" && change.phase === "succeeded") {
      counts.set(change.stepId, (counts.get(change.stepId) ?? 0) + 1);
    }
  }
  return counts;
}

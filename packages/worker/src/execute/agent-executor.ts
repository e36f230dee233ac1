/**
 * Runs an `agent` step in a process of its own (`agent/main.ts`), because the process that owns the stream does no
 * work: a pack that is slow to open or a loop that misbehaves costs this attempt, and no lease. The child gets one assignment,
 * asks for the secrets that its pack names, and ends with one result. Model text is its stdout; what it does is noted
 * in the system stream.
 */

import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { FaultError, messageOf, type Ports } from "@haversack/base";
import {
  type AgentWork,
  type JsonObject,
  refKey,
  type SnapshotDescriptor,
  type Task,
  type WorkerId,
} from "@haversack/protocol";
import { type Assignment, type Downward, formatLine, parseUpward, type Upward } from "../agent/assignment.ts";
import { agentCrash, agentEnd, type ChildEnd } from "./agent-end.ts";
import { exitOrStop, leftoverGraceMs, startLimited, stopOf } from "./command-executor.ts";
import { inheritedEnvironment, stepEnvironment } from "./environment.ts";
import type { AttemptContext, Executor, WorkEnd } from "./executor.ts";
import { LogPump } from "./log-pump.ts";
import { failureEnd, limitFailure, stoppedEnd, underLimits } from "./outcome-map.ts";
import type { ProcessTree, StepHost, StepTree } from "./step-host.ts";

export interface AgentExecutorOptions {
  readonly ports: Ports;
  /** The worker's own environment; the child sees an allow-list of it, its tools a smaller one. */
  readonly hostEnv: ReadonlyMap<string, string>;
  readonly workerId: WorkerId;
  readonly host: StepHost;
  /** The Node program that runs this worker. */
  readonly nodePath: string;
  /** Where the bytes of a snapshot lie; fetches them first when they are not there. */
  readonly packFile: (snapshot: SnapshotDescriptor) => Promise<string>;
  /** Forgets the bytes of a snapshot that turned out to be damaged; it is fetched and tried once more. */
  readonly dropPack: (snapshot: SnapshotDescriptor) => Promise<void>;
  readonly snapshotLimits: Assignment["snapshotLimits"];
}

const program = fileURLToPath(new URL("../agent/main.ts", import.meta.url));

/** What a client of a model may need to reach it; tools do not get these. */
const forModelCalls = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "NODE_USE_ENV_PROXY",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];

export class AgentExecutor implements Executor {
  readonly #options: AgentExecutorOptions;

  constructor(options: AgentExecutorOptions) {
    this.#options = options;
  }

  async execute(task: Task, context: AttemptContext, signal: AbortSignal): Promise<WorkEnd> {
    try {
      if (task.work.kind !== "agent") throw new FaultError("bug", "wrong_executor", "not an agent step");
      if (signal.aborted) return stoppedEnd(stopOf(signal).why, task.timeoutMs, false);
      const end = await this.#run(task, task.work, context, signal);
      if (end.failure?.code !== "snapshot_corrupt") return end;
      context.log.note(`${end.failure.message}; fetching it once more`);
      await this.#options.dropPack(task.work.snapshot);
      return await this.#run(task, task.work, context, signal);
    } catch (error) {
      return failureEnd(error);
    }
  }

  async #run(task: Task, work: AgentWork, context: AttemptContext, signal: AbortSignal): Promise<WorkEnd> {
    const { ports, packFile } = this.#options;
    const assignment = this.#assignment(task, work, context, await packFile(work.snapshot));
    if (signal.aborted) return stoppedEnd(stopOf(signal).why, task.timeoutMs, false);
    const tree = this.#start(task, context);
    const stdout = new LogPump(tree.stdout, "stdout", context.log, context.masker.stream());
    const stderr = new LogPump(tree.stderr, "stderr", context.log, context.masker.stream());
    const talk = new Talk(tree, context);
    talk.tell(assignment);
    const { exit, stop } = await exitOrStop(tree, signal);
    const stuck = await tree.end(() => stop?.graceMs ?? leftoverGraceMs);
    if (stuck.length > 0) context.log.note(`processes that could not be ended: ${stuck.join(", ")}`);
    await Promise.all([stdout.finish(ports.clock), stderr.finish(ports.clock), talk.ended]);
    const usage = talk.end?.usage;
    if (stop !== undefined) {
      return { ...stoppedEnd(stop.why, task.timeoutMs, true), ...(usage !== undefined && { usage }) };
    }
    const end = talk.end === undefined ? agentCrash(exit, stderr.lastLine()) : agentEnd(talk.end);
    return limitFailure(tree, end) ?? underLimits(tree, end);
  }

  #assignment(task: Task, work: AgentWork, { folders, env }: AttemptContext, packFile: string): Downward {
    const { gzip: _, ...snapshot } = work.snapshot;
    const { compressedBytesMax, uncompressedBytesMax } = this.#options.snapshotLimits;
    const toolEnv = stepEnvironment(this.#options.hostEnv, env, this.#marks(task));
    return {
      kind: "assignment",
      packFile,
      snapshot,
      snapshotLimits: { compressedBytesMax, uncompressedBytesMax },
      dagName: task.dagName,
      prompt: work.prompt,
      ...(work.outputSchema !== undefined && { outputSchema: mutable(work.outputSchema) }),
      workFolder: folders.work,
      controlFolder: folders.control,
      toolEnv: Object.fromEntries(toolEnv),
      secretVariables: (task.secrets?.variables ?? []).map(({ variable }) => variable),
    };
  }

  #start(task: Task, context: AttemptContext): StepTree {
    const { hostEnv, nodePath, host } = this.#options;
    const forModels = [...hostEnv].filter(([name]) => forModelCalls.includes(name));
    const env = new Map([...inheritedEnvironment(hostEnv), ...forModels, ...this.#marks(task)]);
    const argv = [nodePath, program];
    const cwd = context.folders.control;
    const spec = { argv, cwd, env, markedBy: "HAVERSACK_FENCE", channel: "duplex" } as const;
    return startLimited(host, spec, task, context);
  }

  #marks(task: Task): Map<string, string> {
    return new Map([
      ["HAVERSACK_FENCE", refKey(task.ref)],
      ["HAVERSACK_WORKER_ID", this.#options.workerId],
    ]);
  }
}

/** The conversation with the child. */
class Talk {
  /** Resolves when the child has closed its end. Never rejects. */
  readonly ended: Promise<void>;
  end: ChildEnd | undefined;
  readonly #tree: ProcessTree;
  readonly #context: AttemptContext;

  constructor(tree: ProcessTree, context: AttemptContext) {
    this.#tree = tree;
    this.#context = context;
    // A child that is gone does not read; its end is seen elsewhere.
    tree.channel?.input.on("error", () => {});
    this.ended = this.#listen();
  }

  tell(message: Downward): void {
    this.#tree.channel?.input.write(formatLine(message));
  }

  async #listen(): Promise<void> {
    const output = this.#tree.channel?.output;
    if (output === undefined) return;
    try {
      for await (const line of createInterface({ input: output })) await this.#hear(parseUpward(line));
    } catch (error) {
      this.#context.log.note(`the agent process said what cannot be read: ${messageOf(error).slice(0, 200)}`);
      output.destroy();
    }
  }

  async #hear(message: Upward): Promise<void> {
    switch (message.kind) {
      case "note":
        this.#context.log.note(message.text);
        return;
      case "turn":
        this.#context.turn?.(message);
        return;
      case "need": {
        const values = await Promise.all(message.secrets.map((reference) => this.#context.secret(reference)));
        this.tell({ kind: "secrets", values: values.map((value) => value ?? null) });
        return;
      }
      case "succeeded":
      case "failed":
        this.end ??= message;
        return;
      default:
        message satisfies never;
    }
  }
}

/** JSON in and out, so that no reader shares an object with the task. */
function mutable(schema: JsonObject): NonNullable<Extract<Downward, { kind: "assignment" }>["outputSchema"]> {
  return JSON.parse(JSON.stringify(schema)) as NonNullable<
    Extract<Downward, { kind: "assignment" }>["outputSchema"]
  >;
}

/**
 * Runs a `run` step: the script goes to a file, its name to the shell, and the step has the end of that process. No
 * part of a script, parameter or path is ever read by a shell that we call.
 */

import { constants, open, realpath, stat, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { FaultError, messageOf, type Ports, safeJoin, systemCodeOf } from "@haversack/base";
import { type CommandWork, refKey, type Task, type WorkerId } from "@haversack/protocol";
import { stepEnvironment } from "./environment.ts";
import { type AttemptContext, type Executor, StopRequest, type WorkEnd } from "./executor.ts";
import { LogPump } from "./log-pump.ts";
import {
  commandFailure,
  failed,
  failureEnd,
  limitFailure,
  missingOutputs,
  stoppedEnd,
  underLimits,
} from "./outcome-map.ts";
import { outputLimits, parseOutputs } from "./outputs.ts";
import type { ProcessExit, ProcessSpec, ProcessTree, StepHost, StepTree } from "./step-host.ts";

/** Between SIGTERM and SIGKILL for what a script left in the background, and for a stop that names no grace. */
export const leftoverGraceMs = 2000;
const defaultGraceMs = 10_000;

export interface CommandExecutorOptions {
  readonly ports: Ports;
  /** The worker's own environment; steps see an allow-list of it. */
  readonly hostEnv: ReadonlyMap<string, string>;
  readonly workerId: WorkerId;
  readonly host: StepHost;
}

export class CommandExecutor implements Executor {
  readonly #options: CommandExecutorOptions;

  constructor(options: CommandExecutorOptions) {
    this.#options = options;
  }

  async execute(task: Task, context: AttemptContext, signal: AbortSignal): Promise<WorkEnd> {
    try {
      if (task.work.kind !== "run") throw new FaultError("bug", "wrong_executor", "not a run step");
      if (signal.aborted) return stoppedEnd(stopOf(signal).why, task.timeoutMs, false);
      return await this.#run(task, task.work, context, signal);
    } catch (error) {
      return failureEnd(error);
    }
  }

  async #run(task: Task, work: CommandWork, context: AttemptContext, signal: AbortSignal): Promise<WorkEnd> {
    const { clock } = this.#options.ports;
    const outputFile = join(context.folders.control, "outputs");
    const tree = await this.#start(task, work, context, outputFile);
    const stdout = new LogPump(tree.stdout, "stdout", context.log, context.masker.stream());
    const stderr = new LogPump(tree.stderr, "stderr", context.log, context.masker.stream());
    const { exit, stop } = await exitOrStop(tree, signal);
    const stuck = await tree.end(() => stop?.graceMs ?? leftoverGraceMs);
    if (stuck.length > 0) context.log.note(`processes that could not be ended: ${stuck.join(", ")}`);
    await Promise.all([stdout.finish(clock), stderr.finish(clock)]);
    if (stop !== undefined) return stoppedEnd(stop.why, task.timeoutMs, true);
    const program = work.shell[0] ?? "";
    const failure = commandFailure({ exit, program, lastWords: stderr.lastLine() });
    const end = failure ?? (await wellEnded(task, outputFile));
    return limitFailure(tree, end) ?? underLimits(tree, end);
  }

  async #start(
    task: Task,
    work: CommandWork,
    context: AttemptContext,
    outputFile: string,
  ): Promise<StepTree> {
    const { control, work: folder } = context.folders;
    if (work.shell.length === 0 || work.shell.some((part) => part.includes("\0"))) {
      throw new FaultError("invalid", "bad_shell", "shell must be a program and its arguments, without NUL");
    }
    const own = new Map([
      ["HAVERSACK_FENCE", refKey(task.ref)],
      ["HAVERSACK_WORKER_ID", this.#options.workerId],
      ["HAVERSACK_OUTPUT", outputFile],
    ]);
    const env = stepEnvironment(this.#options.hostEnv, context.env, own);
    const cwd = await folderInside(folder, work.workdir);
    const scriptFile = join(control, "script");
    await writeFile(scriptFile, work.script, { mode: 0o600 });
    await writeFile(outputFile, "", { mode: 0o600 });
    const argv = [...work.shell, scriptFile];
    const spec = { argv, cwd, env, markedBy: "HAVERSACK_FENCE", channel: "none" } as const;
    return startLimited(this.#options.host, spec, task, context);
  }
}

/** Starts a step's first process under the limits of the step, and tells what of them nobody keeps. */
export function startLimited(
  host: StepHost,
  spec: ProcessSpec,
  { limits }: Task,
  { log }: AttemptContext,
): StepTree {
  if (limits?.enforcement === "hard" && host.limits !== "hard") {
    const message = `the step asks for hard limits, and this worker has limits=${host.limits}`;
    throw new FaultError("invalid", "limits_not_hard", message);
  }
  const tree = host.start(spec, limits);
  if (tree.unkept !== undefined) log.note(tree.unkept);
  return tree;
}

/** Why the signal fired; a reason that is none of ours is a cancellation. */
export function stopOf(signal: AbortSignal): StopRequest {
  const reason: unknown = signal.reason;
  return reason instanceof StopRequest ? reason : new StopRequest("cancelled", defaultGraceMs);
}

/** Whichever comes first: the process ended by itself, or it was told to. */
export async function exitOrStop(
  tree: ProcessTree,
  signal: AbortSignal,
): Promise<{ readonly exit: ProcessExit; readonly stop?: StopRequest }> {
  const stopped = Promise.withResolvers<StopRequest>();
  const onAbort = (): void => stopped.resolve(stopOf(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const first = await Promise.race([tree.exit, stopped.promise]);
    if (!(first instanceof StopRequest)) return { exit: first };
    return { exit: { kind: "killed", signal: "SIGTERM" }, stop: first };
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function wellEnded(task: Task, outputFile: string): Promise<WorkEnd> {
  const outputs = parseOutputs(await readBounded(outputFile));
  const missing = missingOutputs(task.outputs, outputs);
  if (missing !== undefined) return { ...failed(missing), exitCode: 0 };
  return { outcome: "succeeded", exitCode: 0, outputs };
}

/** At most one byte more than outputs may have, so that a script cannot make the worker read without end. */
async function readBounded(path: string): Promise<Uint8Array> {
  // Not blocking and not following: the script may have put a pipe or a link there.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: unknown) => {
    throw new FaultError("invalid", "output_invalid", `the file of $HAVERSACK_OUTPUT: ${messageOf(error)}`);
  });
  try {
    if (!(await file.stat()).isFile()) {
      throw new FaultError("invalid", "output_invalid", "the file of $HAVERSACK_OUTPUT is no regular file");
    }
    const buffer = Buffer.alloc(outputLimits.bytesMax + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      ({ bytesRead: read } = await file.read(buffer, length, buffer.length - length, length));
    }
    return buffer.subarray(0, length);
  } finally {
    await file.close();
  }
}

/** The folder that a script starts in. Throws `bad_workdir`, also for a link that leads out of the work folder. */
async function folderInside(workFolder: string, workdir: string): Promise<string> {
  const root = await realpath(workFolder);
  if (workdir === "" || workdir === ".") return root;
  const named = safeJoin(root, workdir.replace(/^\.\//, "").replace(/\/$/, ""));
  try {
    const real = await realpath(named);
    if (real !== root && !real.startsWith(root + sep)) {
      throw new FaultError("invalid", "bad_workdir", `workdir "${workdir}" leads out of the work folder`);
    }
    if ((await stat(real)).isDirectory()) return real;
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") throw error;
  }
  throw new FaultError(
    "invalid",
    "bad_workdir",
    `workdir "${workdir}" is no folder in the step's work folder, which holds only its inputs; create it in the script`,
  );
}

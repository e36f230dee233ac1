/**
 * Runs a `deploy` step: what it leaves standing outlives the attempt. Only this executor and the observer see the engine;
 * the processes of other steps get neither its socket nor a variable that names it.
 */

import { hostname } from "node:os";
import { FaultError } from "@haversack/base";
import {
  type DeploymentReport,
  type DeployWork,
  type JsonValue,
  refKey,
  type SnapshotDescriptor,
  type Task,
} from "@haversack/protocol";
import type { DeployEnd } from "../deploy/course.ts";
import type { DeployHost } from "../deploy/open-deploy.ts";
import { timePhases } from "../deploy/phases.ts";
import { runDeploy } from "../deploy/run-deploy.ts";
import { stopOf } from "./command-executor.ts";
import type { AttemptContext, Executor, WorkEnd } from "./executor.ts";
import { noDeploy } from "./no-deploy.ts";
import { failureEnd, missingOutputs, stoppedEnd } from "./outcome-map.ts";

export interface DeployExecutorOptions extends Pick<DeployHost, "parts" | "engine" | "live"> {
  /** Of this host, for people and in addresses. */
  readonly host: string;
  /** Where the bytes of a snapshot lie. */
  readonly packFile: (snapshot: SnapshotDescriptor) => Promise<string>;
}

/** @param host undefined: the worker runs no containers */
export const deployExecutor = (
  host: DeployHost | undefined,
  packFile: DeployExecutorOptions["packFile"],
): Executor => (host === undefined ? noDeploy : new DeployExecutor({ ...host, packFile, host: hostname() }));

export class DeployExecutor implements Executor {
  readonly #options: DeployExecutorOptions;

  constructor(options: DeployExecutorOptions) {
    this.#options = options;
  }

  async execute(task: Task, context: AttemptContext, signal: AbortSignal): Promise<WorkEnd> {
    const { work } = task;
    if (work.kind !== "deploy")
      return failureEnd(new FaultError("bug", "wrong_executor", "not a deploy step"));
    const { live } = this.#options;
    const done = live.begin(work);
    try {
      const run = (): Promise<DeployEnd> => this.#run(task, work, context, signal);
      const end = await live.alone(work.name, run, signal);
      return workEnd(task, work, end, signal);
    } catch (error) {
      return signal.aborted ? stoppedEnd(stopOf(signal).why, task.timeoutMs, false) : failureEnd(error);
    } finally {
      done();
    }
  }

  async #run(task: Task, work: DeployWork, context: AttemptContext, signal: AbortSignal): Promise<DeployEnd> {
    const { parts, engine, host, packFile } = this.#options;
    const { log, masker } = context;
    const mask = masker.stream();
    const deploy = {
      ...parts,
      ...(await engine(signal)),
      work,
      attempt: refKey(task.ref),
      secrets: await secretsOf(task, context),
      packFile: work.snapshot === undefined ? undefined : await packFile(work.snapshot),
      phases: timePhases(parts.ports.clock),
      note: (text: string): void => log.note(text),
      output: (data: Uint8Array): void => void log.write("stdout", mask.push(data)).catch(() => {}),
      signal,
    };
    const end = await runDeploy(deploy, host);
    await log.write("stdout", mask.flush()).catch(() => {});
    return end;
  }
}

/** By the name of their file. Rejects by the name of what is not to be had. */
async function secretsOf(
  { secrets }: Task,
  { secret }: AttemptContext,
): Promise<ReadonlyMap<string, string>> {
  const asked = [
    ...(secrets?.ofPack ?? []).map((name) => ({ file: name, from: { secret: name } })),
    ...(secrets?.variables ?? []).map(({ variable, from }) => ({ file: variable, from })),
  ];
  const values = new Map<string, string>();
  for (const { file, from } of asked) {
    const value = await secret(from);
    if (value === undefined) {
      const message = `the secret ${file} of this deploy is not to be had here; set it, or ask for another worker by \`worker\``;
      throw new FaultError("missing", "secret_unavailable", message);
    }
    values.set(file, value);
  }
  return values;
}

function workEnd(task: Task, work: DeployWork, end: DeployEnd, signal: AbortSignal): WorkEnd {
  const deployment = end.report;
  if (end.error !== undefined) {
    const failure = signal.aborted
      ? stoppedEnd(stopOf(signal).why, task.timeoutMs, true)
      : withAll(failureEnd(end.error), deployment);
    return { ...failure, deployment };
  }
  const outputs = outputsOf(work, deployment);
  const missing = missingOutputs(task.outputs, outputs);
  if (missing !== undefined) return { outcome: "failed", failure: missing, outputs, deployment };
  return { outcome: "succeeded", outputs, deployment };
}

/** Both errors, in order, when it fell back. */
function withAll(end: WorkEnd, { failures }: DeploymentReport): WorkEnd {
  if (end.failure === undefined || failures.length < 2) return end;
  const message = failures.map((each, index) => `${index + 1}. ${each}`).join("\n");
  return { ...end, failure: { ...end.failure, message } };
}

function outputsOf(work: DeployWork, report: DeploymentReport): ReadonlyMap<string, JsonValue> {
  if (work.absent) return new Map();
  const [port] = report.ports;
  const isAny = port?.address === "0.0.0.0" || port?.address === "::";
  const host = port === undefined || isAny ? report.host : port.address;
  const inUrl = host.includes(":") ? `[${host}]` : host;
  return new Map<string, JsonValue>([
    ["id", report.container ?? ""],
    ["host", host],
    ["url", port === undefined ? "" : `http://${inUrl}:${port.hostPort}`],
    ["image", report.imageDigest ?? ""],
    ["path", report.path ?? ""],
  ]);
}

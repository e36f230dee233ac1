/**
 * One attempt, as named steps: take, hydrate, run, collect, report. Whatever happens on the way, an attempt ends in
 * exactly one of two ways: its result is sealed in the spool, or, when it is no longer ours, nothing of it is left.
 */

import {
  FaultError,
  faultOf,
  formatDuration,
  messageOf,
  type Ports,
  pause,
  type Timer,
  worthRetrying,
} from "@haversack/base";
import {
  type Artifact,
  type AttemptRef,
  type AttemptResult,
  type SnapshotDescriptor,
  type Task,
} from "@haversack/protocol";
import type { SnapshotCache } from "../hydrate/snapshot-cache.ts";
import { Workspace } from "../hydrate/workspace.ts";
import { makeMasker } from "../mask/masker.ts";
import type { Connection } from "../session/dial.ts";
import { AttemptSpool, type SpoolParts } from "../spool/attempt-spool.ts";
import { AttemptSecrets, type AttemptSecretsParts } from "./attempt-secrets.ts";
import { type AttemptTrace, traceAttempt, type WorkerTraces } from "./attempt-trace.ts";
import {
  type AttemptContext,
  type AttemptLog,
  type Executor,
  StopRequest,
  type WorkEnd,
} from "./executor.ts";
import { failureEnd, stoppedEnd } from "./outcome-map.ts";
import { checkPaths, withoutSecrets } from "./without-secrets.ts";

export interface AttemptParts extends SpoolParts {
  readonly executors: Readonly<Record<Task["work"]["kind"], Executor>>;
  readonly connection: Connection;
  readonly cache: SnapshotCache;
  /** Secrets that this worker has itself. */
  readonly secrets: AttemptSecretsParts["host"];
  /** Absent: it makes no spans. */
  readonly traces?: WorkerTraces;
  readonly ports: Ports;
  /** Folders of the worker: one for work folders, one for spools. */
  readonly workRoot: string;
  readonly spoolRoot: string;
}

/** As every log line names an attempt. */
export const idsOf = ({ runId: run, stepId: step, attempt }: AttemptRef) => ({ run, step, attempt });

/** What an agent reads, here or in the container that it is deployed in. */
const packOf = ({ work }: Task): SnapshotDescriptor | undefined =>
  work.kind === "run" ? undefined : work.snapshot;

const cancelGraceMs = 10_000;
const networkPauseMs = 1000;

export class Attempt {
  readonly task: Task;
  readonly #parts: AttemptParts;
  readonly #stopping = new AbortController();
  readonly #masker = makeMasker();
  readonly #secrets: AttemptSecrets;
  readonly #trace: AttemptTrace | undefined;
  #spool: AttemptSpool | undefined;
  #disowned = false;
  #begun = false;
  /** The pack is held in the cache. */
  #acquired = false;

  constructor(task: Task, parts: AttemptParts) {
    this.task = task;
    this.#parts = parts;
    this.#trace = traceAttempt(task, parts.traces);
    const { connection, secrets: host } = parts;
    const note = (text: string): void => this.#spool?.note(text);
    this.#secrets = new AttemptSecrets(task, { connection, host, masker: this.#masker, note });
  }

  /** Its processes run, or are about to. */
  get isRunning(): boolean {
    return this.#begun;
  }

  /** Asks for its end; the first reason counts. */
  stop(request: StopRequest): void {
    this.#stopping.abort(request);
  }

  cancel(): void {
    this.stop(new StopRequest("cancelled", cancelGraceMs));
  }

  /** It is no longer ours: its processes end, and nothing is reported. */
  disown(graceMs: number): void {
    if (this.#disowned) return;
    this.#disowned = true;
    const { reason } = this.#stopping.signal as { reason: unknown };
    if (reason instanceof StopRequest) reason.hurry();
    else this.stop(new StopRequest("lease-lost", graceMs));
  }

  /** Resolves with the sealed spool, or with undefined when nothing is to be reported. Rejects when a disk fails. */
  async run(): Promise<AttemptSpool | undefined> {
    const { ports, spoolRoot } = this.#parts;
    const { task } = this;
    const spool = await AttemptSpool.create(task.ref, spoolRoot, this.#parts);
    this.#spool = spool;
    const timer = this.#limitTime();
    try {
      const result = await this.#work(spool);
      if (!this.#disowned) await spool.seal(result);
      if (!this.#disowned) this.#trace?.end(result);
      // It may have been disowned while it was sealed.
      return this.#disowned ? undefined : spool;
    } catch (error) {
      await spool.close();
      throw error;
    } finally {
      timer?.cancel();
      this.#trace?.end();
      if (this.#disowned) await spool.drop();
      ports.log.debug(idsOf(task.ref), "attempt ended");
    }
  }

  /** The log's and the result's way to the coordinator, once there is one. */
  get spool(): AttemptSpool | undefined {
    return this.#spool;
  }

  #limitTime(): Timer | undefined {
    const { timeoutMs } = this.task;
    if (timeoutMs === undefined) return undefined;
    return this.#parts.ports.clock.after(timeoutMs, () =>
      this.stop(new StopRequest("timeout", cancelGraceMs)),
    );
  }

  async #work(spool: AttemptSpool): Promise<Omit<AttemptResult, "logs">> {
    const { task } = this;
    const { workRoot, connection, cache } = this.#parts;
    const workspace = await Workspace.create(task.ref, workRoot, connection);
    try {
      const masker = this.#masker;
      const log: AttemptLog = {
        write: (stream, data) => spool.write(stream, data),
        note: (text) => spool.note(masker.text(text)),
      };
      const secret: AttemptContext["secret"] = (from) => this.#secrets.resolve(from);
      const context = {
        folders: workspace.folders,
        log,
        env: this.#environment(),
        masker,
        secret,
        turn: this.#trace?.turn,
      };
      const end = await this.#run(workspace, context);
      return this.#resultOf(end.work, end.artifacts);
    } finally {
      const pack = packOf(task);
      if (this.#acquired && pack !== undefined) cache.release(task.ref, pack.digest);
      await workspace.remove();
    }
  }

  async #run(
    workspace: Workspace,
    context: AttemptContext,
  ): Promise<{ work: WorkEnd; artifacts: Artifact[] }> {
    const none: Artifact[] = [];
    try {
      await this.#hydrate(workspace, context);
      const env = new Map([...context.env, ...(await this.#secrets.variables())]);
      this.#begun = true;
      this.#parts.uplink.started(this.task.ref);
      const { task } = this;
      const executor = this.#parts.executors[task.work.kind];
      const work = withoutSecrets(
        await executor.execute(task, { ...context, env }, this.#stopping.signal),
        this.#masker,
      );
      if (work.outcome !== "succeeded") return { work, artifacts: none };
      return { work, artifacts: await this.#collect(workspace) };
    } catch (error) {
      const { reason } = this.#stopping.signal as { reason: unknown };
      const work = reason instanceof StopRequest ? this.#stopped(reason) : failureEnd(error);
      return { work: withoutSecrets(work, this.#masker), artifacts: none };
    }
  }

  #stopped(request: StopRequest): WorkEnd {
    return stoppedEnd(request.why, this.task.timeoutMs, this.#begun);
  }

  /** Inputs, pack and secrets are here before the step starts, so it never meets a missing one. */
  async #hydrate(workspace: Workspace, { log }: AttemptContext): Promise<void> {
    const { task } = this;
    const { signal } = this.#stopping;
    const { cache } = this.#parts;
    await this.#patiently(log, "inputs", () => workspace.placeInputs(task.inputs, signal));
    const snapshot = packOf(task);
    if (snapshot !== undefined) {
      await this.#patiently(log, "snapshot", () => cache.acquire(task.ref, snapshot, signal));
      this.#acquired = true;
    }
    await this.#patiently(log, "secrets", () => this.#secrets.fetch(signal));
  }

  async #collect(workspace: Workspace): Promise<Artifact[]> {
    const { artifacts } = this.task;
    const { signal } = this.#stopping;
    const collected = await this.#patiently(this.#spool, "artifacts", () =>
      workspace.collectArtifacts(artifacts, signal),
    );
    checkPaths(collected, this.#masker);
    return collected;
  }

  /** While the coordinator is away the attempt waits: its lease decides how long that makes sense. */
  async #patiently<T>(
    log: { note(text: string): void } | undefined,
    what: string,
    work: () => Promise<T>,
  ): Promise<T> {
    const { clock } = this.#parts.ports;
    const { signal } = this.#stopping;
    for (let tries = 1; ; tries++) {
      try {
        signal.throwIfAborted();
        return await work();
      } catch (error) {
        if (signal.aborted) throw error;
        const fault = faultOf(error);
        const byNetwork = worthRetrying[fault] || fault === "cancelled";
        if (!(error instanceof FaultError) || !byNetwork) throw error;
        if (tries === 1)
          log?.note(`${what}: ${messageOf(error)}; trying again every ${formatDuration(networkPauseMs)}`);
        await pause(clock, networkPauseMs, signal);
      }
    }
  }

  #environment(): Map<string, string> {
    const { ref, env } = this.task;
    return new Map([
      ...(this.#trace?.variables ?? []),
      ...env,
      ["HAVERSACK_RUN_ID", ref.runId],
      ["HAVERSACK_STEP_ID", ref.stepId],
      ["HAVERSACK_ATTEMPT", String(ref.attempt)],
      ["HAVERSACK_IDEMPOTENCY_KEY", `${ref.runId}/${ref.stepId}`],
    ]);
  }

  #resultOf(end: WorkEnd, artifacts: readonly Artifact[]): Omit<AttemptResult, "logs"> {
    return {
      ref: this.task.ref,
      outcome: end.outcome,
      outputs: end.outputs,
      artifacts,
      ...(end.failure === undefined ? {} : { failure: end.failure }),
      ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
      ...(end.usage === undefined ? {} : { usage: end.usage }),
      ...(end.memory === undefined ? {} : { memory: end.memory }),
      ...(end.deployment === undefined ? {} : { deployment: end.deployment }),
    };
  }
}

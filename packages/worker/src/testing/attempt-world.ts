/** Attempts with an executor that does what the test says, and a coordinator that only listens. */

import {
  type AttemptRef,
  parseGeneration,
  parseRunId,
  parseStepId,
  type Task,
  type Upward,
} from "@haversack/protocol";
import { FakeClock, fakePorts } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { logBoundDefaults } from "../config/log-bounds.ts";
import type { AttemptParts } from "../execute/attempt.ts";
import { Attempts } from "../execute/attempts.ts";
import { type AttemptContext, type Executor, StopRequest, type WorkEnd } from "../execute/executor.ts";
import { stoppedEnd } from "../execute/outcome-map.ts";
import { SnapshotCache } from "../hydrate/snapshot-cache.ts";
import type { Connection } from "../session/dial.ts";
import { Uplink } from "../session/uplink.ts";
import { LogBounds } from "../spool/log-bounds.ts";

export const refOf = (step: string, attempt = 1): AttemptRef => ({
  runId: parseRunId("run"),
  stepId: parseStepId(step),
  attempt,
  generation: parseGeneration("1-a"),
});

export const taskOf = (step: string, more: Partial<Task> = {}): Task => ({
  ref: refOf(step),
  dagName: "demo",
  env: new Map([["LEVEL", "debug"]]),
  inputs: [],
  artifacts: [],
  outputs: [],
  work: { kind: "run", script: "true", shell: ["sh"], workdir: "" },
  ...more,
});

const done: WorkEnd = { outcome: "succeeded", outputs: new Map() };

interface Execution {
  readonly task: Task;
  readonly context: AttemptContext;
  readonly signal: AbortSignal;
  end(end?: WorkEnd): void;
  /** Ends as an executor does that was told to stop. */
  obey(): void;
}

/** Every execution waits until the test ends it. */
class ScriptedExecutor implements Executor {
  readonly running = new Map<string, Execution>();
  /** The most that ran at once. */
  peak = 0;
  started = 0;

  async execute(task: Task, context: AttemptContext, signal: AbortSignal): Promise<WorkEnd> {
    const over = Promise.withResolvers<WorkEnd>();
    const obey = (): void => {
      const reason: unknown = signal.reason;
      if (reason instanceof StopRequest) over.resolve(stoppedEnd(reason.why, task.timeoutMs, true));
    };
    const end = (value: WorkEnd = done): void => over.resolve(value);
    this.running.set(task.ref.stepId, { task, context, signal, end, obey });
    this.started += 1;
    this.peak = Math.max(this.peak, this.running.size);
    try {
      return await over.promise;
    } finally {
      this.running.delete(task.ref.stepId);
    }
  }
}

export async function attemptWorld(slots = 2, connection: object = {}) {
  const folder = await tempFolder();
  const clock = new FakeClock();
  const uplink = new Uplink((error) => {
    throw error;
  });
  const sent: Upward[] = [];
  const broken: unknown[] = [];
  const executor = new ScriptedExecutor();
  const parts: AttemptParts = {
    executors: { run: executor, agent: executor, deploy: executor },
    connection: connection as Connection,
    cache: new SnapshotCache(`${folder.path}/packs`, connection as Connection, clock),
    uplink,
    bounds: new LogBounds(logBoundDefaults, clock),
    secrets: { resolve: async (from) => ("env" in from ? `${from.env} of the worker` : undefined) },
    ports: fakePorts(clock),
    workRoot: `${folder.path}/work`,
    spoolRoot: `${folder.path}/spool`,
  };
  const attempts = new Attempts(parts, slots, (error) => void broken.push(error));
  /** A session is welcomed. */
  const up = (): void => {
    attempts.welcomed();
    uplink.up((message) => void sent.push(message));
  };
  const close = async (): Promise<void> => {
    for (const execution of executor.running.values()) if (execution.signal.aborted) execution.obey();
    await folder[Symbol.asyncDispose]();
  };
  return { folder, clock, uplink, sent, broken, executor, parts, attempts, up, [Symbol.asyncDispose]: close };
}

export const ofKind = <K extends Upward["kind"]>(sent: readonly Upward[], kind: K) =>
  sent.filter((message): message is Extract<Upward, { kind: K }> => message.kind === kind);

/** Workers, links, steps and tasks as tests want them. */

import {
  type AttemptRef,
  type AttemptResult,
  type DagSpec,
  type Downward,
  parseBootId,
  parseGeneration,
  parseRunId,
  parseStepId,
  parseWorkerId,
  refKey,
  type StepSpec,
  type Task,
  type WorkerHello,
} from "@haversack/protocol";
import type { DeployParts } from "../dispatch/begin-deploy.ts";
import type { ViewStep, ViewWorker } from "../dispatch/view.ts";
import type { WorkerLink } from "../dispatch/worker-link.ts";
import type { AttemptTokens } from "../secrets/attempt-tokens.ts";

export const helloOf = (id: string, more: Partial<WorkerHello> = {}): WorkerHello => ({
  workerId: parseWorkerId(id),
  bootId: parseBootId(`${id}-boot`),
  name: id,
  version: "test",
  labels: new Map([["os", "linux"]]),
  slots: 4,
  snapshotMinVersion: 1,
  snapshotMaxVersion: 1,
  snapshotFeatures: [],
  snapshotsHeld: [],
  held: [],
  ...more,
});

export const refOf = (step: string, attempt = 1): AttemptRef => ({
  runId: parseRunId("run"),
  stepId: parseStepId(step),
  attempt,
  generation: parseGeneration("1-a"),
});

export const taskOf = (step: string, more: Partial<Task> = {}): Task => ({
  ref: refOf(step),
  dagName: "demo",
  env: new Map(),
  inputs: [],
  artifacts: [],
  outputs: [],
  work: { kind: "run", script: "true", shell: ["sh"], workdir: "" },
  ...more,
});

export const resultOf = (ref: AttemptRef, more: Partial<AttemptResult> = {}): AttemptResult => ({
  ref,
  outcome: "succeeded",
  outputs: new Map(),
  artifacts: [],
  logs: [],
  ...more,
});

export const stepOf = (id: string, depends: string[] = [], more: Partial<StepSpec> = {}): StepSpec => ({
  id,
  depends,
  env: {},
  worker: {},
  retry: { limit: 0, backoff: "fixed", delayMs: 0, maxDelayMs: 0 },
  outputs: [],
  artifacts: [],
  inputs: [],
  onWorkerLost: "retry",
  work: { kind: "run", script: "true", shell: ["sh"], workdir: "" },
  ...more,
});

export const viewStep = (index: number, more: Partial<ViewStep> = {}): ViewStep => ({
  runId: parseRunId("run"),
  index,
  queue: { selector: {} },
  ...more,
});

export const viewWorker = (id: string, credits: number, more: Partial<ViewWorker> = {}): ViewWorker => ({
  id,
  name: id,
  labels: new Map(),
  credits,
  snapshotMinVersion: 1,
  snapshotMaxVersion: 1,
  snapshotFeatures: [],
  snapshotsHeld: new Set(),
  ...more,
});

/** What a link that has ended still had to say. */
export async function rest(link: WorkerLink): Promise<Downward[]> {
  link.end();
  return await Array.fromAsync(link.outgoing());
}

/** A DAG whose steps are called by their position. @param depends positions */
export const dagOf = (depends: readonly (readonly number[])[]): DagSpec => ({
  name: "demo",
  params: {},
  env: {},
  steps: depends.map((list, index) =>
    stepOf(
      `s${index}`,
      list.map((other) => `s${other}`),
    ),
  ),
});

const tokenOf: AttemptTokens["make"] = async (ref, workerId) =>
  Buffer.from(`${refKey(ref)} of ${workerId}`.padEnd(32).slice(0, 32));

/** Tokens of attempts without a vault. */
export const fixedTokens: AttemptTokens = {
  make: tokenOf,
  isValid: async (token, ref, workerId) => (await tokenOf(ref, workerId)).equals(token),
};

/** Deploys without a base image and without secrets. */
export const plainDeploys = (store: DeployParts["store"]): DeployParts => ({
  store,
  now: () => 1,
  cluster: async () => "fleet",
  image: () => ({}),
  secretVersions: async () => new Map(),
});

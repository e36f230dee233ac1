/** A coordinator with one scripted run, and hooks for what goes wrong. */

import { FaultError } from "@haversack/base";
import {
  type HaversackClient,
  type LogPiece,
  parseDigest,
  parseRunId,
  parseStepId,
  type RunDetail,
  type RunEvent,
  type Step,
  type StepPhase,
} from "@haversack/protocol";

export const someDigest = parseDigest(`sha256:${"ab".repeat(32)}`);
const startedAt = Date.UTC(2026, 0, 31, 9, 14);

export function fakeStep(id: string, phase: StepPhase, rest: Partial<Step> = {}): Step {
  return {
    id: parseStepId(id),
    kind: "run",
    phase,
    depends: [],
    attempt: 1,
    outputs: {},
    artifacts: [],
    ...rest,
  };
}

export function fakeRun(id: string, rest: Partial<RunDetail> = {}): RunDetail {
  return {
    id: parseRunId(id),
    dagName: "hello",
    dagDigest: someDigest,
    status: "succeeded",
    params: {},
    createdAt: startedAt,
    startedAt,
    endedAt: startedAt + 2_500,
    cancelRequested: false,
    eventSeq: 0,
    steps: [fakeStep("greet", "succeeded")],
    ...rest,
  };
}

/** The events of a run with one step, from first to last. */
export function fakeEvents(stepId: string, phase: "succeeded" | "failed", message = ""): RunEvent[] {
  const failure = phase === "failed" ? { failure: { code: "exit_code", message } } : {};
  const changes: RunEvent["change"][] = [
    { kind: "run", status: "running", cancelRequested: false },
    { kind: "step", stepId: parseStepId(stepId), phase: "running", attempt: 1 },
    { kind: "step", stepId: parseStepId(stepId), phase, attempt: 1, ...failure },
    { kind: "run", status: phase, cancelRequested: false, ...failure },
  ];
  return changes.map((change, index) => ({ seq: index + 1, at: startedAt + index * 500, change }));
}

export function fakePiece(position: number, stepId: string, text: string): LogPiece {
  const data = Buffer.from(text);
  return { position, stepId: parseStepId(stepId), attempt: 1, stream: "stdout", offset: 0, data };
}

export const away = (): FaultError => new FaultError("unavailable", "unavailable", "the peer is away");

const nobodyAsks = (): never => {
  throw new Error("the test did not expect this call");
};

const ofContainers = {
  deployments: nobodyAsks,
  deployment: nobodyAsks,
  undeploy: nobodyAsks,
  redeploy: nobodyAsks,
  deploymentLog: nobodyAsks,
  imageStatus: nobodyAsks,
  images: nobodyAsks,
  pullImage: nobodyAsks,
  cancelImage: nobodyAsks,
  watchImages: nobodyAsks,
  reloadImages: nobodyAsks,
  imageTransitions: nobodyAsks,
};

/** Only what a test gives is there. */
export function fakeClient(methods: Partial<HaversackClient>): HaversackClient {
  return {
    submit: nobodyAsks,
    run: nobodyAsks,
    runs: nobodyAsks,
    watch: nobodyAsks,
    cancel: nobodyAsks,
    retry: nobodyAsks,
    answer: nobodyAsks,
    approvals: nobodyAsks,
    pauseRun: nobodyAsks,
    resumeRun: nobodyAsks,
    items: nobodyAsks,
    logs: nobodyAsks,
    artifact: nobodyAsks,
    validate: nobodyAsks,
    putDag: nobodyAsks,
    dag: nobodyAsks,
    dags: nobodyAsks,
    deleteDag: nobodyAsks,
    schedules: nobodyAsks,
    pauseSchedules: nobodyAsks,
    resumeSchedules: nobodyAsks,
    triggerSchedule: nobodyAsks,
    backfillSchedule: nobodyAsks,
    workers: nobodyAsks,
    watchWorkers: nobodyAsks,
    cordonWorker: nobodyAsks,
    uncordonWorker: nobodyAsks,
    drainWorker: nobodyAsks,
    ...ofContainers,
    inspectSnapshot: nobodyAsks,
    snapshot: nobodyAsks,
    memoryScopes: nobodyAsks,
    memory: nobodyAsks,
    memoryVersions: nobodyAsks,
    memoryReviews: nobodyAsks,
    resolveReview: nobodyAsks,
    revertMemory: nobodyAsks,
    explain: nobodyAsks,
    pools: nobodyAsks,
    setPool: nobodyAsks,
    deletePool: nobodyAsks,
    keepSnapshot: nobodyAsks,
    unkeepSnapshot: nobodyAsks,
    keptSnapshots: nobodyAsks,
    setSecret: nobodyAsks,
    secrets: nobodyAsks,
    removeSecret: nobodyAsks,
    rotateVaultKey: nobodyAsks,
    whoAmI: nobodyAsks,
    createToken: nobodyAsks,
    tokens: nobodyAsks,
    revokeToken: nobodyAsks,
    audit: nobodyAsks,
    verifyAudit: nobodyAsks,
    cutAudit: nobodyAsks,
    createJoinToken: nobodyAsks,
    joinTokens: nobodyAsks,
    deleteJoinToken: nobodyAsks,
    revokeWorker: nobodyAsks,
    ...methods,
  };
}

export const unknownRun = (): FaultError => new FaultError("missing", "unknown_run", "no such run");

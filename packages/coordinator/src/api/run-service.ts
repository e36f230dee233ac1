/** RunService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { FaultError } from "@haversack/base";
import {
  chunkBytesMax,
  eventToWire,
  type JsonObject,
  logStreamToWire,
  parseRunId,
  type RunDetail,
  type RunService,
  runToWire,
  safeNumber,
} from "@haversack/protocol";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Submitter } from "../library/submit.ts";
import { noStep } from "../store/missing.ts";
import type { Store } from "../store/store.ts";
import { type FollowParts, followEvents, followLogs } from "../watch/follow.ts";
import { approvalCalls } from "./approval-calls.ts";
import { listRuns } from "./list-runs.ts";

export interface RunServiceParts extends FollowParts {
  readonly blobs: BlobStore;
  readonly submitter: Submitter;
  readonly dispatcher: Dispatcher;
  readonly registry: WorkerRegistry;
}

export function runService(parts: RunServiceParts): ServiceImpl<typeof RunService> {
  const { store } = parts;
  const answer = async (id: string) => {
    const run = await withReasons(await store.read.runRead({ id: parseRunId(id) }), parts);
    return runToWire(run, run.steps);
  };
  return {
    async submit({ params, ...rest }) {
      const submission = { ...rest, params: (params ?? {}) as JsonObject };
      const { runId, existed } = await parts.submitter.submit(submission);
      return { run: await answer(runId), existed };
    },
    async get({ runId }) {
      return { run: await answer(runId) };
    },
    async list(request) {
      return await listRuns(store, request);
    },
    async *watch({ runId, afterSeq }, context) {
      const seq = safeNumber(afterSeq, "after_seq");
      for await (const event of followEvents(parts, parseRunId(runId), seq, context.signal)) {
        yield eventToWire(event);
      }
    },
    async cancel({ runId }) {
      const { live } = await store.write.runCancel({ id: parseRunId(runId), now: parts.clock.now() });
      parts.registry.cancel(live);
      return { run: await answer(runId) };
    },
    async retry({ runId, ...rest }) {
      const retried = await parts.submitter.retry({ runId: parseRunId(runId), ...rest });
      return { run: await answer(retried.runId), existed: retried.existed };
    },
    async *streamLogs({ runId, stepId, follow, afterPosition }, context) {
      const query = {
        runId: parseRunId(runId),
        stepId,
        follow,
        after: safeNumber(afterPosition, "after_position"),
      };
      await requireStep(store, query);
      for await (const piece of followLogs(parts, query, context.signal)) {
        yield {
          position: BigInt(piece.position),
          stepId: piece.stepId,
          attempt: piece.attempt,
          stream: logStreamToWire[piece.stream],
          offset: BigInt(piece.offset),
          data: piece.data,
        };
      }
    },
    ...approvalCalls({ store, clock: parts.clock, answer }),
    async *getArtifact({ runId, stepId, path }) {
      const artifact = findArtifact(await store.read.runRead({ id: parseRunId(runId) }), stepId, path);
      for await (const data of parts.blobs.read(artifact.digest, chunkBytesMax)) yield { data };
    },
  };
}

/** Says of each ready step what it waits for. */
async function withReasons(run: RunDetail, { dispatcher }: RunServiceParts): Promise<RunDetail> {
  if (!run.steps.some(({ phase }) => phase === "ready")) return run;
  const reasons = run.paused === undefined ? await dispatcher.whyWaiting(run.id) : undefined;
  const steps = run.steps.map((step, index) => {
    const waitingFor = reasons === undefined ? "the run is paused" : reasons.get(index);
    return waitingFor === undefined || step.phase !== "ready" ? step : { ...step, waitingFor };
  });
  return { ...run, steps };
}

async function requireStep(
  store: Store,
  { runId, stepId }: { runId: RunDetail["id"]; stepId: string },
): Promise<void> {
  const run = await store.read.runRead({ id: runId });
  if (stepId === "" || run.steps.some(({ id }) => id === stepId)) return;
  throw noStep(runId, stepId);
}

function findArtifact(run: RunDetail, stepId: string, path: string) {
  const step = run.steps.find(({ id }) => id === stepId);
  if (step === undefined) {
    throw noStep(run.id, stepId);
  }
  const artifact = step.artifacts.find((candidate) => candidate.path === path);
  if (artifact !== undefined) return artifact;
  const names = step.artifacts.map((candidate) => candidate.path).join(", ") || "none";
  throw new FaultError(
    "missing",
    "unknown_artifact",
    `step ${stepId} has no artifact ${path}; it has: ${names}`,
  );
}

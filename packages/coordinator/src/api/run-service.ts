/** RunService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { FaultError } from "@haversack/base";
import {
  chunkBytesMax,
  eventToWire,
  groupOfIndex,
  itemOfId,
  type JsonObject,
  logStreamToWire,
  parseRunId,
  type RunDetail,
  type RunService,
  runToWire,
  type Step,
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
import { listItems } from "./list-items.ts";
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
    async listItems(request) {
      return await listItems(parts, request);
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
      const artifact = findArtifact(await stepNamed(store, parseRunId(runId), stepId), path);
      for await (const data of parts.blobs.read(artifact.digest, chunkBytesMax)) yield { data };
    },
  };
}

/** Says of each ready step what it waits for. */
async function withReasons(run: RunDetail, { dispatcher }: RunServiceParts): Promise<RunDetail> {
  const isOpen = ({ phase, items }: Step) => phase === "ready" || (items?.active ?? 0) > 0;
  if (!run.steps.some(isOpen)) return run;
  if (run.paused !== undefined) {
    const held = run.steps.map((step) =>
      isOpen(step) ? { ...step, waitingFor: "the run is paused" } : step,
    );
    return { ...run, steps: held };
  }
  const reasons = await dispatcher.whyWaiting(run.id);
  // Of a step with items, what the first of them waits for.
  const ofItems = new Map<number, string>();
  for (const [index, reason] of reasons) {
    const group = groupOfIndex(run.steps.length, index);
    if (group !== undefined && !ofItems.has(group)) ofItems.set(group, reason);
  }
  const steps = run.steps.map((step, index) => {
    const waitingFor = step.items === undefined ? reasons.get(index) : ofItems.get(index);
    return waitingFor === undefined || !isOpen(step) ? step : { ...step, waitingFor };
  });
  return { ...run, steps };
}

async function requireStep(
  store: Store,
  { runId, stepId }: { runId: RunDetail["id"]; stepId: string },
): Promise<void> {
  const { stepPhase } = await store.read.runProgress({ id: runId, stepId });
  if (stepId === "" || stepPhase !== undefined) return;
  throw noStep(runId, stepId);
}

/** Or the item. */
async function stepNamed(store: Store, id: RunDetail["id"], stepId: string): Promise<Step> {
  if (itemOfId(stepId) !== undefined) {
    const [item] = await store.read.itemsRead({ id, stepId, from: 0, limit: 1 });
    if (item !== undefined) return item.step;
  }
  const step = (await store.read.runRead({ id })).steps.find((each) => each.id === stepId);
  if (step === undefined) throw noStep(id, stepId);
  return step;
}

function findArtifact(step: Step, path: string) {
  const artifact = step.artifacts.find((candidate) => candidate.path === path);
  if (artifact !== undefined) return artifact;
  const names = step.artifacts.map((candidate) => candidate.path).join(", ") || "none";
  throw new FaultError(
    "missing",
    "unknown_artifact",
    `step ${step.id} has no artifact ${path}; it has: ${names}`,
  );
}

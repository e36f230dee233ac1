/** RunService: decode, call, encode. */

import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  chunkBytesMax,
  eventToWire,
  type JsonObject,
  logStreamToWire,
  parseRunId,
  parseTraceparent,
  type RunService,
  safeNumber,
} from "@haversack/protocol";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Submitter } from "../library/submit.ts";
import { type FollowParts, followEvents, followLogs } from "../watch/follow.ts";
import { approvalCalls } from "./approval-calls.ts";
import { listItems } from "./list-items.ts";
import { listRuns } from "./list-runs.ts";
import { findArtifact, requireStep, stepNamed } from "./named-step.ts";
import { runAnswer, stepsAnswer, stepsMax } from "./run-answer.ts";

export interface RunServiceParts extends FollowParts {
  readonly blobs: BlobStore;
  readonly submitter: Submitter;
  readonly registry: WorkerRegistry;
}

/** The caller's place in a trace, when there is one. */
function callerOf({ requestHeader }: HandlerContext) {
  const caller = parseTraceparent(requestHeader.get("traceparent"), requestHeader.get("tracestate"));
  return caller === undefined ? {} : { caller };
}

export function runService(parts: RunServiceParts): ServiceImpl<typeof RunService> {
  const { store } = parts;
  const answer = (id: string) => runAnswer(parts, parseRunId(id));
  return {
    async submit({ params, withoutSteps, ...rest }, context) {
      const submission = { ...rest, params: (params ?? {}) as JsonObject, ...callerOf(context) };
      const { runId, existed } = await parts.submitter.submit(submission);
      return { run: await runAnswer(parts, runId, withoutSteps ? 0 : stepsMax), existed };
    },
    async get({ runId }) {
      return { run: await answer(runId) };
    },
    async listSteps({ runId, from }) {
      return await stepsAnswer(parts, parseRunId(runId), from);
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
    async retry({ runId, ...rest }, context) {
      const asked = { runId: parseRunId(runId), ...rest, ...callerOf(context) };
      const retried = await parts.submitter.retry(asked);
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
    async *getArtifact({ runId, stepId, path, offset }) {
      const artifact = findArtifact(await stepNamed(store, parseRunId(runId), stepId), path);
      const start = safeNumber(offset, "offset");
      for await (const data of parts.blobs.read(artifact.digest, chunkBytesMax, start)) yield { data };
    },
  };
}

/** Runs as a client uses them. */

import type { JsonObject as WireJsonObject } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { each, once, placed } from "./calls.ts";
import { wholeRun } from "./client-whole-run.ts";
import type { RunEvent } from "./model/event.ts";
import { parseStepId, type RunId, type StepId } from "./model/ids.ts";
import type { LogStream } from "./model/outcome.ts";
import type { Run, RunDetail, RunFilter, Step } from "./model/run.ts";
import type { RetryRequest, Submission } from "./model/submission.ts";
import type { RunService } from "./services.ts";
import { logStreamFromWire } from "./wire/enums.ts";
import { eventFromWire } from "./wire/event-wire.ts";
import { required, safeNumber } from "./wire/fields.ts";
import { runFilterToWire, runFromWire, stepFromWire, type WireRun } from "./wire/run-wire.ts";

export interface ItemQuery {
  readonly runId: string;
  /** The step, or one item of it. */
  readonly stepId: string;
  readonly pageToken?: string;
}

export interface LogQuery {
  readonly runId: string;
  readonly stepId?: string;
  readonly follow: boolean;
  readonly afterPosition?: number;
}

export interface ArtifactQuery {
  readonly runId: string;
  readonly stepId: string;
  readonly path: string;
  readonly offset?: number;
}

export interface LogPiece {
  /** Resume after it. */
  readonly position: number;
  readonly stepId: StepId;
  readonly attempt: number;
  readonly stream: LogStream;
  readonly offset: number;
  readonly data: Uint8Array;
}

/** Every method rejects with a FaultError. */
export interface RunClient {
  submit(submission: Submission, signal: AbortSignal): Promise<{ run: RunDetail; existed: boolean }>;
  run(id: string, signal: AbortSignal): Promise<RunDetail>;
  runs(filter: RunFilter, signal: AbortSignal): Promise<{ runs: readonly Run[]; nextPageToken: string }>;
  /** Ends after the last event of the run. */
  watch(id: RunId, afterSeq: number, signal: AbortSignal): AsyncIterable<RunEvent>;
  cancel(id: string, signal: AbortSignal): Promise<RunDetail>;
  /** A new run that does again what did not succeed. */
  retry(request: RetryRequest, signal: AbortSignal): Promise<{ run: RunDetail; existed: boolean }>;
  /** Of a step with `foreach` or `matrix`, in their order. */
  items(query: ItemQuery, signal: AbortSignal): Promise<{ items: readonly Step[]; nextPageToken: string }>;
  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogPiece>;
  /** @param file `offset`: how many bytes from the first one on are left out */
  artifact(file: ArtifactQuery, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export function runClient(client: Client<typeof RunService>): RunClient {
  const whole = (wire: WireRun | undefined, signal: AbortSignal) => wholeRun(client, wire, signal);
  return {
    async submit({ params, trace, ...rest }, signal) {
      const request = { ...rest, params: params as WireJsonObject };
      const { run, existed } = await once(client.submit(request, placed(trace, signal)), signal);
      if (rest.withoutSteps === true) return { run: runFromWire(required(run, "run")), existed };
      return { run: await whole(run, signal), existed };
    },
    async run(runId, signal) {
      return await whole((await once(client.get({ runId }, { signal }), signal)).run, signal);
    },
    async runs(filter, signal) {
      const answer = await once(client.list(runFilterToWire(filter), { signal }), signal);
      return { runs: answer.runs.map(runFromWire), nextPageToken: answer.nextPageToken };
    },
    async *watch(runId, afterSeq, signal) {
      for await (const wire of each(
        client.watch({ runId, afterSeq: BigInt(afterSeq) }, { signal }),
        signal,
      )) {
        const event = eventFromWire(wire);
        if (event !== undefined) yield event;
      }
    },
    async cancel(runId, signal) {
      return await whole((await once(client.cancel({ runId }, { signal }), signal)).run, signal);
    },
    async retry({ runId, fromStep = "", refreshLibrary, idempotencyKey, trace }, signal) {
      const request = { runId, fromStep, refreshLibrary, idempotencyKey };
      const answer = await once(client.retry(request, placed(trace, signal)), signal);
      return { run: await whole(answer.run, signal), existed: answer.existed };
    },
    async items({ runId, stepId, pageToken = "" }, signal) {
      const answer = await once(client.listItems({ runId, stepId, pageToken }, { signal }), signal);
      return { items: answer.items.map(stepFromWire), nextPageToken: answer.nextPageToken };
    },
    async *logs({ runId, stepId = "", follow, afterPosition = 0 }, signal) {
      const request = { runId, stepId, follow, afterPosition: BigInt(afterPosition) };
      for await (const wire of each(client.streamLogs(request, { signal }), signal)) {
        yield {
          position: safeNumber(wire.position, "position"),
          stepId: parseStepId(wire.stepId),
          attempt: wire.attempt,
          stream: logStreamFromWire(wire.stream) ?? "system",
          offset: safeNumber(wire.offset, "offset"),
          data: wire.data,
        };
      }
    },
    async *artifact({ offset = 0, ...file }, signal) {
      const request = { ...file, offset: BigInt(offset) };
      for await (const { data } of each(client.getArtifact(request, { signal }), signal)) yield data;
    },
  };
}

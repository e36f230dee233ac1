/** The API as a client uses it: nouns in, nouns out, faults thrown. */

import type { JsonObject as WireJsonObject } from "@bufbuild/protobuf";
import { type Client, createClient as createConnectClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { each, once } from "./calls.ts";
import { type DagClient, dagClient } from "./client-dags.ts";
import { type MemoryClient, memoryClient } from "./client-memory.ts";
import { type PlacementClient, placementClient } from "./client-placement.ts";
import { apiMessageBytesMax } from "./limits.ts";
import type { RunEvent } from "./model/event.ts";
import { type Digest, digestOfBytes, parseStepId, type RunId, type StepId } from "./model/ids.ts";
import type { LogStream } from "./model/outcome.ts";
import type { Run, RunDetail, RunFilter, Step } from "./model/run.ts";
import type { KeptSnapshot, SnapshotReport } from "./model/snapshot-report.ts";
import type { RetryRequest, Submission } from "./model/submission.ts";
import {
  DagService,
  FleetService,
  MemoryService,
  PlacementService,
  RunService,
  ScheduleService,
  SnapshotService,
} from "./services.ts";
import { logStreamFromWire } from "./wire/enums.ts";
import { required, safeNumber } from "./wire/fields.ts";
import { eventFromWire, runFilterToWire, runFromWire, stepFromWire, type WireRun } from "./wire/run-wire.ts";
import { keptFromWire, reportFromWire } from "./wire/snapshot-wire.ts";

export interface ClientOptions {
  /** Such as `http://127.0.0.1:7420`. */
  readonly url: string;
  readonly token: string;
}

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
export interface HaversackClient extends MemoryClient, DagClient, PlacementClient {
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
  artifact(runId: string, stepId: string, path: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** @param name a digest or `<run>/<step>` */
  inspectSnapshot(name: string, signal: AbortSignal): Promise<SnapshotReport>;
  /** The gzip bytes. @param name a digest or `<run>/<step>` */
  snapshot(name: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** The pack stays when its runs are forgotten. @param name a digest or `<run>/<step>` @returns its digest */
  keepSnapshot(name: string, note: string, signal: AbortSignal): Promise<Digest>;
  unkeepSnapshot(name: string, signal: AbortSignal): Promise<void>;
  keptSnapshots(signal: AbortSignal): Promise<readonly KeptSnapshot[]>;
}

export function createClient(options: ClientOptions): HaversackClient {
  const transport = createGrpcTransport({
    baseUrl: options.url,
    interceptors: [bearer(options.token)],
    readMaxBytes: apiMessageBytesMax,
    writeMaxBytes: apiMessageBytesMax,
    acceptCompression: [],
    pingIntervalMs: 10_000,
    pingTimeoutMs: 5_000,
  });
  const runs = createConnectClient(RunService, transport);
  const dags = dagClient(
    createConnectClient(DagService, transport),
    createConnectClient(ScheduleService, transport),
  );
  const snapshots = createConnectClient(SnapshotService, transport);
  const memory = createConnectClient(MemoryService, transport);
  const placement = placementClient(
    createConnectClient(PlacementService, transport),
    createConnectClient(FleetService, transport),
  );
  return {
    ...runClient(runs),
    ...dags,
    ...snapshotClient(snapshots),
    ...memoryClient(memory),
    ...placement,
  };
}

const bearer =
  (token: string): Interceptor =>
  (next) =>
  (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };

type RunMethods = "submit" | "run" | "runs" | "watch" | "cancel" | "retry" | "items" | "logs" | "artifact";

function runClient(client: Client<typeof RunService>): Pick<HaversackClient, RunMethods> {
  /** A run with more steps than an answer holds is told in several. */
  const whole = async (wire: WireRun | undefined, signal: AbortSignal): Promise<RunDetail> => {
    const { stepCount = 0, ...run } = runFromWire(required(wire, "run"));
    const steps = [...run.steps];
    while (steps.length < stepCount) {
      const request = { runId: run.id, from: steps.length };
      const more = (await once(client.listSteps(request, { signal }), signal)).steps;
      if (more.length === 0) break;
      for (const step of more) steps.push(stepFromWire(step));
    }
    return { ...run, steps };
  };
  return {
    async submit({ params, ...rest }, signal) {
      const request = { ...rest, params: params as WireJsonObject };
      const { run, existed } = await once(client.submit(request, { signal }), signal);
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
    async retry({ runId, fromStep = "", refreshLibrary, idempotencyKey }, signal) {
      const request = { runId, fromStep, refreshLibrary, idempotencyKey };
      const answer = await once(client.retry(request, { signal }), signal);
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
    async *artifact(runId, stepId, path, signal) {
      for await (const { data } of each(client.getArtifact({ runId, stepId, path }, { signal }), signal))
        yield data;
    },
  };
}

function snapshotClient(
  snapshots: Client<typeof SnapshotService>,
): Omit<HaversackClient, RunMethods | keyof MemoryClient | keyof DagClient | keyof PlacementClient> {
  return {
    async inspectSnapshot(name, signal) {
      return reportFromWire(
        required((await once(snapshots.inspect({ name }, { signal }), signal)).report, "report"),
      );
    },
    async *snapshot(name, signal) {
      for await (const { data } of each(snapshots.get({ name }, { signal }), signal)) yield data;
    },
    async keepSnapshot(name, note, signal) {
      return digestOfBytes((await once(snapshots.keep({ name, note }, { signal }), signal)).digest);
    },
    async unkeepSnapshot(name, signal) {
      await once(snapshots.unkeep({ name }, { signal }), signal);
    },
    async keptSnapshots(signal) {
      return (await once(snapshots.listKept({}, { signal }), signal)).kept.map(keptFromWire);
    },
  };
}

/** WorkerService: decode, call, encode. */

import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { FaultError } from "@haversack/base";
import {
  chunkBytesMax,
  digestOfBytes,
  downwardToWire,
  parseWorkerId,
  refFromWire,
  required,
  safeNumber,
  type Upward,
  upwardFromWire,
  type WorkerId,
  type WorkerService,
} from "@haversack/protocol";
import { callerIn, callerKey } from "../auth/caller.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { DeploymentLogs, LogPiece } from "../deployments/deployment-logs.ts";
import { type SessionParts, serveSession } from "../dispatch/session.ts";
import { admission, notYours } from "../identity/admission.ts";
import type { Store } from "../store/store.ts";
import { type AttemptSecretsParts, attemptSecrets } from "./attempt-secrets.ts";
import { type RegistrySecretParts, registrySecret } from "./registry-secret.ts";
import { chunks } from "./snapshot-service.ts";

export interface WorkerServiceParts extends SessionParts, AttemptSecretsParts, RegistrySecretParts {
  readonly store: Store;
  readonly vault: AttemptSecretsParts["vault"];
  readonly ports: SessionParts["ports"];
  readonly blobs: BlobStore;
  readonly deploymentLogs: DeploymentLogs;
  /** Fires when the coordinator stops. */
  readonly stopping: AbortSignal;
}

export function workerService(parts: WorkerServiceParts): ServiceImpl<typeof WorkerService> {
  return {
    async *session(requests, context) {
      const signal = AbortSignal.any([context.signal, parts.stopping]);
      const admit = await admission(parts.store, workerOf(context));
      for await (const message of serveSession({ ...parts, admit }, decoded(requests), signal))
        yield downwardToWire(message);
    },
    async *getSnapshot(request, context) {
      const digest = digestOfBytes(request.digest);
      await requireLive(parts, context, { ref: refFromWire(request.ref), snapshotDigest: digest });
      const { gzip } = await parts.store.read.snapshotRead({ digest });
      for (const data of chunks(gzip)) yield { data };
    },
    async findBlob({ ref, digest }, context) {
      await requireLive(parts, context, { ref: refFromWire(ref) });
      const name = digestOfBytes(digest);
      if (await parts.blobs.renew(name)) return { existed: true };
      return { bytesHeld: BigInt(await parts.blobs.held(name)) };
    },
    async putBlob(requests, context) {
      return await putBlob(parts, requests, context);
    },
    async *getBlob(request, context) {
      await requireLive(parts, context, { ref: refFromWire(request.ref) });
      const start = safeNumber(request.offset, "get_blob.offset");
      const digest = digestOfBytes(request.digest);
      for await (const data of parts.blobs.read(digest, chunkBytesMax, start)) yield { data };
    },
    async getAttemptSecrets({ ref, token }, context) {
      const asked = { ref: refFromWire(ref), token, caller: callerIn(context.values) };
      await requireLive(parts, context, { ref: asked.ref });
      return { values: Object.fromEntries(await attemptSecrets(parts, asked)) };
    },
    async getRegistrySecret({ name }, context) {
      return { value: await registrySecret(parts, { name, workerId: workerOf(context) }) };
    },
    async sendDeploymentLog(requests, context) {
      await parts.deploymentLogs.receive(workerOf(context), logPieces(requests));
      return {};
    },
  };
}

async function* logPieces(requests: LogRequests): AsyncIterable<LogPiece> {
  for await (const { id, data, failure } of requests)
    yield { id: safeNumber(id, "send_deployment_log.id"), data, failure };
}

/** Who calls, by its credential; nothing in a message says so. */
function workerOf({ values }: HandlerContext): WorkerId {
  const workerId = values.get(callerKey)?.workerId;
  if (workerId !== undefined) return parseWorkerId(workerId);
  const message = "this credential names no worker: join first (EnrollmentService.Join)";
  throw new FaultError("denied", "no_worker", message);
}

async function* decoded(
  requests: AsyncIterable<Parameters<typeof upwardFromWire>[0]>,
): AsyncIterable<Upward> {
  for await (const wire of requests) {
    const message = upwardFromWire(wire);
    if (message !== undefined) yield message;
  }
}

type LiveQuery = Omit<Parameters<Store["read"]["attemptAccess"]>[0], "workerId">;

/** Calls beside the session are made for an attempt that the worker still holds: that of the credential (A1). */
async function requireLive(
  { store }: WorkerServiceParts,
  context: HandlerContext,
  query: LiveQuery,
): Promise<void> {
  const access = await store.read.attemptAccess({ ...query, workerId: workerOf(context) });
  if (access === "live") return;
  if (access === "foreign") throw notYours();
  const what = query.snapshotDigest === undefined ? "is not live" : "is not live, or has another snapshot";
  throw new FaultError("fenced", "not_live", `the attempt that this call is made for ${what}`);
}

type LogRequests = Parameters<ServiceImpl<typeof WorkerService>["sendDeploymentLog"]>[0];
type PutBlobRequests = Parameters<ServiceImpl<typeof WorkerService>["putBlob"]>[0];

async function putBlob(parts: WorkerServiceParts, requests: PutBlobRequests, context: HandlerContext) {
  const messages = requests[Symbol.asyncIterator]();
  const first = await messages.next();
  const header =
    first.done === true || first.value.body.case !== "header" ? undefined : first.value.body.value;
  const { ref, digest, ...sizes } = required(header, "put_blob.header");
  await requireLive(parts, context, { ref: refFromWire(ref) });
  const name = digestOfBytes(digest);
  // Somebody's result is about to name it: it must not be taken for old.
  if (await parts.blobs.renew(name)) return { existed: true };
  const size = safeNumber(sizes.size, "put_blob.size");
  const offset = safeNumber(sizes.offset, "put_blob.offset");
  await parts.blobs.put({ digest: name, size, offset }, dataOf(messages));
  return { existed: false };
}

type PutBlobMessage = PutBlobRequests extends AsyncIterable<infer M> ? M : never;

async function* dataOf(messages: AsyncIterator<PutBlobMessage>): AsyncIterable<Uint8Array> {
  for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
    if (next.value.body.case === "data") yield next.value.body.value;
  }
}

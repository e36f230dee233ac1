/**
 * A connection to the coordinator: one channel for the session, another for bulk, so that packs and artifacts cannot
 * starve a heartbeat.
 */

import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { FaultError, invariant, messageOf } from "@haversack/base";
import {
  type AttemptRef,
  chunkBytesMax,
  type Digest,
  type Downward,
  digestToBytes,
  downwardFromWire,
  flowControlWindowBytes,
  grpcMethods,
  messageBytesMax,
  refToWire,
  type Upward,
  upwardToWire,
  WorkerService,
} from "@haversack/protocol";

import type { Access } from "../identity/access.ts";
import { faultOfStatus } from "../identity/status.ts";
import { untilEnded } from "./until-ended.ts";

export { faultOfStatus };

const methods = grpcMethods(WorkerService);
/** A small call that takes longer is made again. */
const secretsPatienceMs = 30_000;

const channelOptions: grpc.ChannelOptions = {
  "grpc.max_receive_message_length": messageBytesMax,
  "grpc.max_send_message_length": messageBytesMax,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc-node.flow_control_window": flowControlWindowBytes,
  // A channel of its own is a connection of its own.
  "grpc.use_local_subchannel_pool": 1,
  // We redial ourselves, with jitter: the channel's own back-off would only add to it.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
};

export interface Stream {
  /** False: the buffer is full; wait for `drained`. */
  send(message: Upward): boolean;
  readonly messages: AsyncIterable<Downward>;
  /** Ends the stream; safe twice. */
  close(): void;
}

/** To one coordinator at a time, of those whose addresses are known. */
export class Connection {
  readonly #access: Access;
  readonly #urls: readonly URL[];
  readonly #clients = new Map<string, { readonly client: grpc.Client; readonly version: number }>();
  #at = 0;

  /** @param urls at least one; the first is dialled first */
  constructor(urls: readonly URL[], access: Access) {
    this.#access = access;
    this.#urls = urls;
  }

  /** Whom the next session dials. */
  get url(): URL {
    const url = this.#urls[this.#at % this.#urls.length];
    invariant(url !== undefined, "a connection has an address");
    return url;
  }

  get addresses(): number {
    return this.#urls.length;
  }

  /** This one did not answer: the next session dials another, where there is one. */
  tryNext(): void {
    this.#at += 1;
  }

  close(): void {
    for (const { client } of this.#clients.values()) client.close();
  }

  /**
   * One channel for the session, one for bulk, to each address; kept for as long as we live, for calls may be under way.
   * With the certificate of the moment: calls on an older channel end on it.
   */
  #client(name: "control" | "bulk"): grpc.Client {
    const { url } = this;
    const key = `${name} ${url.href}`;
    const open = this.#clients.get(key);
    const { version } = this.#access;
    if (open?.version === version) return open.client;
    open?.client.close();
    const { target, credentials, options } = this.#access.channel(url);
    const client = new grpc.Client(target, credentials, { ...channelOptions, ...options });
    this.#clients.set(key, { client, version });
    return client;
  }

  session(): Stream {
    const { session } = methods;
    const call = this.#client("control").makeBidiStreamRequest(
      session.path,
      session.requestSerialize,
      session.responseDeserialize,
      this.#metadata(),
    );
    let closed = false;
    return {
      send: (message) => call.write(upwardToWire(message)),
      messages: decoded(call),
      close: () => {
        if (closed) return;
        closed = true;
        call.cancel();
      },
    };
  }

  /** The gzip bytes of a pack. */
  async getSnapshot(
    ref: AttemptRef,
    digest: Digest,
    bytesMax: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { input } = WorkerService.method.getSnapshot;
    const request = create(input, { ref: refToWire(ref), digest: digestToBytes(digest) });
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const data of this.#read(methods.getSnapshot, request, signal)) {
      bytes += data.length;
      if (bytes > bytesMax) {
        throw new FaultError(
          "corrupt",
          "snapshot_corrupt",
          `the pack is larger than its ${bytesMax} announced bytes`,
        );
      }
      pieces.push(data);
    }
    return Buffer.concat(pieces);
  }

  /** The values of the vault that an attempt's task names, by their names. */
  async getAttemptSecrets(
    ref: AttemptRef,
    token: Uint8Array,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const { getAttemptSecrets: method } = methods;
    const { input } = WorkerService.method.getAttemptSecrets;
    const request = create(input, { ref: refToWire(ref), token: new Uint8Array(token) });
    const ending = AbortSignal.any([signal, AbortSignal.timeout(secretsPatienceMs)]);
    ending.throwIfAborted();
    const { values } = await this.#ask(method, request, ending);
    return new Map(Object.entries(values));
  }

  /** A secret of the vault that workers may have for fetching images. */
  async getRegistrySecret(name: string, signal: AbortSignal): Promise<string> {
    const { getRegistrySecret: method } = methods;
    const request = create(WorkerService.method.getRegistrySecret.input, { name });
    const ending = AbortSignal.any([signal, AbortSignal.timeout(secretsPatienceMs)]);
    ending.throwIfAborted();
    return (await this.#ask(method, request, ending)).value;
  }

  async #ask<I, O>(method: grpc.MethodDefinition<I, O>, request: I, signal: AbortSignal): Promise<O> {
    const answer = Promise.withResolvers<O>();
    const call = this.#client("bulk").makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      this.#metadata(),
      (error, message) =>
        message === undefined ? answer.reject(faultOfStatus(error)) : answer.resolve(message),
    );
    const onAbort = (): void => call.cancel();
    signal.addEventListener("abort", onAbort, { once: true });
    return await answer.promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  /** The bytes of an artifact, from an offset on. */
  getBlob(ref: AttemptRef, digest: Digest, start: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { input } = WorkerService.method.getBlob;
    return this.#read(
      methods.getBlob,
      create(input, { ref: refToWire(ref), digest: digestToBytes(digest), offset: BigInt(start) }),
      signal,
    );
  }

  /** How much of an artifact the coordinator has: all, or the first bytes. */
  async findBlob(
    ref: AttemptRef,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<{ readonly existed: boolean; readonly bytesHeld: number }> {
    const { findBlob: method } = methods;
    const request = create(WorkerService.method.findBlob.input, {
      ref: refToWire(ref),
      digest: digestToBytes(digest),
    });
    try {
      const { existed, bytesHeld } = await this.#ask(method, request, signal);
      return { existed, bytesHeld: Number(bytesHeld) };
    } catch (error) {
      // A coordinator of an earlier version does not know the call.
      if (error instanceof FaultError && error.code === "unimplemented")
        return { existed: false, bytesHeld: 0 };
      throw error;
    }
  }

  async *#read<I, O extends { readonly data: Uint8Array }>(
    method: grpc.MethodDefinition<I, O>,
    request: I,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    const call = this.#client("bulk").makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      this.#metadata(),
    );
    for await (const { data } of cancellable(call, signal)) yield data;
  }

  /**
   * Stores an artifact; reads none of the data when the coordinator has it already.
   * @param data from the offset on, where {@link findBlob} said that what is before it is there
   */
  async putBlob(
    ref: AttemptRef,
    blob: { readonly digest: Digest; readonly size: number; readonly offset?: number },
    data: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void> {
    const { putBlob: method } = methods;
    const schema = WorkerService.method.putBlob.input;
    const { call, answer } = this.#sending(method, signal);
    const header = {
      ref: refToWire(ref),
      digest: digestToBytes(blob.digest),
      size: BigInt(blob.size),
      offset: BigInt(blob.offset ?? 0),
    };
    call.write(create(schema, { body: { case: "header", value: header } }));
    let settled = false;
    void answer.catch(() => {}).then(() => (settled = true));
    for await (const piece of data) {
      // The coordinator may answer before it has read everything: it has the blob, or refuses it.
      if (settled) break;
      if (!call.write(create(schema, { body: { case: "data", value: piece } }))) await drained(call, answer);
    }
    call.end();
    await answer;
  }

  /**
   * The answer to an order for a deployment's log; what the pieces reject with is told to the reader. Resolves when it is
   * sent, or when the reader is gone.
   */
  async sendDeploymentLog(id: number, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const { sendDeploymentLog: method } = methods;
    const schema = WorkerService.method.sendDeploymentLog.input;
    const { call, answer } = this.#sending(method, signal);
    const ended = new AbortController();
    answer.catch(() => {}).finally(() => ended.abort());
    const number = BigInt(id);
    call.write(create(schema, { id: number }));
    try {
      for await (const data of untilEnded(pieces, ended.signal)) {
        for (let at = 0; at < data.length; at += blobChunkBytes) {
          const piece = new Uint8Array(data.subarray(at, at + blobChunkBytes));
          if (!call.write(create(schema, { id: number, data: piece }))) await drained(call, answer);
        }
      }
    } catch (error) {
      call.write(create(schema, { id: number, failure: messageOf(error) }));
    } finally {
      call.end();
    }
    await answer;
  }

  /** A call that sends until it is answered; the signal ends it. */
  #sending<Q, A>(method: grpc.MethodDefinition<Q, A>, signal: AbortSignal) {
    const answer = Promise.withResolvers<void>();
    const call = this.#client("bulk").makeClientStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      this.#metadata(),
      (error) => (error === null ? answer.resolve() : answer.reject(faultOfStatus(error))),
    );
    const onAbort = (): void => call.cancel();
    signal.addEventListener("abort", onAbort, { once: true });
    const settled = (): void => signal.removeEventListener("abort", onAbort);
    answer.promise.then(settled, settled);
    return { call, answer: answer.promise };
  }

  #metadata(): grpc.Metadata {
    return this.#access.metadata();
  }
}

async function drained(call: NodeJS.EventEmitter, answer: Promise<void>): Promise<void> {
  const drain = Promise.withResolvers<void>();
  call.once("drain", drain.resolve);
  try {
    await Promise.race([drain.promise, answer]);
  } finally {
    call.off("drain", drain.resolve);
  }
}

async function* decoded(
  call: AsyncIterable<Parameters<typeof downwardFromWire>[0]>,
): AsyncIterable<Downward> {
  try {
    for await (const wire of call) {
      const message = downwardFromWire(wire);
      if (message !== undefined) yield message;
    }
  } catch (error) {
    throw faultOfStatus(error);
  }
}

async function* cancellable<T>(call: grpc.ClientReadableStream<T>, signal: AbortSignal): AsyncIterable<T> {
  const onAbort = (): void => call.cancel();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    yield* call;
  } catch (error) {
    throw faultOfStatus(error);
  } finally {
    signal.removeEventListener("abort", onAbort);
    call.cancel();
  }
}

/** The pieces in which a file travels. */
export const blobChunkBytes = chunkBytesMax;

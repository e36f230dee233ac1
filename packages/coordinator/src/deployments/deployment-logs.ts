/**
 * What containers write, from the worker to whoever reads. A reader's wish goes down the session with a number; the worker
 * answers with a call of its own, which names it, so that a long log holds up no heartbeat. Nothing is kept here: a piece
 * is taken from the worker when the reader has had the one before.
 */

import { type Clock, FaultError, type Ms, messageOf, pause } from "@haversack/base";
import type { DeploymentLogOrder, WorkerId } from "@haversack/protocol";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Store } from "../store/store.ts";
import { Handoff } from "./handoff.ts";

const readersMax = 64;
/** For the worker's call to come. */
const answerWithinMs: Ms = 10_000;
const pieceBytesMax = 1024 * 1024;

export interface LogAsked {
  readonly name: string;
  /** Lines from the end; 0: all. */
  readonly tail: number;
  readonly follow: boolean;
}

export interface LogPiece {
  readonly id: number;
  readonly data: Uint8Array;
  /** It cannot be read. */
  readonly failure: string;
}

export interface LogParts {
  readonly store: { readonly read: Pick<Store["read"], "deploymentRead"> };
  readonly registry: Pick<WorkerRegistry, "get">;
  readonly clock: Clock;
}

interface Reader {
  readonly workerId: WorkerId;
  readonly handoff: Handoff<Uint8Array>;
  isAnswered: boolean;
}

export class DeploymentLogs {
  readonly #parts: LogParts;
  readonly #readers = new Map<number, Reader>();
  #lastId = 0;

  constructor(parts: LogParts) {
    this.#parts = parts;
  }

  /** Rejects when nothing stands under the name, its worker is not connected here, or does not answer. */
  async *read(asked: LogAsked, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { link, order } = await this.#order(asked);
    const { workerId } = link.hello;
    const reader: Reader = { workerId, handoff: new Handoff(), isAnswered: false };
    const { handoff } = reader;
    this.#readers.set(order.id, reader);
    const onGone = (): void => handoff.end(gone(asked.name, "its worker went away"));
    const onEnd = (): void => handoff.end();
    link.ended.addEventListener("abort", onGone, { once: true });
    signal.addEventListener("abort", onEnd, { once: true });
    if (link.ended.aborted) onGone();
    if (signal.aborted) onEnd();
    const waiting = new AbortController();
    void this.#patience(reader, asked.name, waiting.signal);
    try {
      link.send({ kind: "deploymentLog", order });
      yield* handoff.pieces();
    } finally {
      waiting.abort();
      link.ended.removeEventListener("abort", onGone);
      signal.removeEventListener("abort", onEnd);
      this.#readers.delete(order.id);
      handoff.end();
      link.send({ kind: "deploymentLog", order: { ...order, end: true } });
    }
  }

  async #order({ name, tail, follow }: LogAsked) {
    if (this.#readers.size >= readersMax)
      throw new FaultError("busy", "too_many_readers", `${readersMax} logs of deployments are read already`);
    const { row, workerName = "its worker" } = await this.#parts.store.read.deploymentRead({ name });
    const { workerId } = row;
    const revision = row.revision || (row.pending?.revision ?? 0);
    if (workerId === undefined || revision === 0) {
      throw new FaultError("missing", "nothing_deployed", `nothing stands as ${name}`);
    }
    const link = this.#parts.registry.get(workerId);
    if (link === undefined) throw gone(name, `${workerName} is not connected to this coordinator`);
    const order: DeploymentLogOrder = { id: ++this.#lastId, name, revision, tail, follow, end: false };
    return { link, order };
  }

  async #patience(reader: Reader, name: string, signal: AbortSignal): Promise<void> {
    await pause(this.#parts.clock, answerWithinMs, signal).catch(() => {});
    if (!signal.aborted && !reader.isAnswered) reader.handoff.end(gone(name, "its worker does not answer"));
  }

  /**
   * The call of a worker; resolves when its log is over or the reader is gone.
   * Rejects with FaultError `denied` for a number that was not asked of this worker.
   */
  async receive(workerId: WorkerId, pieces: AsyncIterable<LogPiece>): Promise<void> {
    let reader: Reader | undefined;
    try {
      for await (const { id, data, failure } of pieces) {
        reader ??= this.#answered(id, workerId);
        if (failure !== "") reader.handoff.end(new FaultError("unavailable", "no_log", failure));
        else if (data.length > pieceBytesMax)
          throw new FaultError("invalid", "bad_piece", "a piece is too large");
        else if (data.length > 0) await reader.handoff.push(data);
        if (reader.handoff.isEnded) return;
      }
      reader?.handoff.end();
    } catch (error) {
      reader?.handoff.end(
        new FaultError("unavailable", "log_broke", `the log broke off: ${messageOf(error)}`),
      );
      throw error;
    }
  }

  #answered(id: number, workerId: WorkerId): Reader {
    const reader = this.#readers.get(id);
    if (reader === undefined || reader.workerId !== workerId || reader.isAnswered) {
      throw new FaultError("denied", "no_log_order", "nobody asked this worker for a log under this number");
    }
    reader.isAnswered = true;
    return reader;
  }
}

const gone = (name: string, why: string): FaultError =>
  new FaultError("unavailable", "log_unavailable", `the log of ${name} cannot be read: ${why}`);

/** Logs of deployments for those who read them now: from the engine to the coordinator, with secret values masked. */

import { FaultError, messageOf } from "@haversack/base";
import type { DeploymentLogOrder } from "@haversack/protocol";
import { makeMasker } from "../mask/masker.ts";
import { ownOf } from "./observe.ts";
import type { ObserverParts } from "./observer.ts";

/** The answer to one order. */
export interface LogSender {
  /** Resolves when all of it was sent, or when the reader is gone. */
  sendDeploymentLog(id: number, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
}

type Parts = Pick<ObserverParts, "engine" | "cluster" | "secretFiles" | "workerId" | "ports">;

const readersMax = 32;

export class DeploymentLogs {
  readonly #parts: Parts;
  readonly #sender: LogSender;
  readonly #readers = new Map<number, AbortController>();

  constructor(parts: Parts, sender: LogSender) {
    this.#parts = parts;
    this.#sender = sender;
  }

  /** Never throws. */
  order(order: DeploymentLogOrder): void {
    if (order.end) {
      this.#readers.get(order.id)?.abort();
      return;
    }
    if (this.#readers.has(order.id)) return;
    const reader = new AbortController();
    this.#readers.set(order.id, reader);
    this.#send(order, reader.signal)
      .catch((error: unknown) => {
        const fields = { name: order.name, error: messageOf(error) };
        if (!reader.signal.aborted) this.#parts.ports.log.debug(fields, "a reader of a log is gone");
      })
      .finally(() => this.#readers.delete(order.id));
  }

  /** The worker stops. */
  endAll(): void {
    for (const reader of this.#readers.values()) reader.abort();
  }

  async #send(order: DeploymentLogOrder, signal: AbortSignal): Promise<void> {
    const isTooMany = this.#readers.size > readersMax;
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    try {
      const pieces = isTooMany ? refuse() : this.#read(order, both);
      await this.#sender.sendDeploymentLog(order.id, pieces, signal);
    } finally {
      // Whoever still waits for a line of the container stops waiting.
      ended.abort();
    }
  }

  async *#read(order: DeploymentLogOrder, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { engine, cluster, secretFiles, workerId } = this.#parts;
    const { runtime } = await engine(signal);
    const fleet = (await cluster.current()) ?? "";
    const own = ownOf(await runtime.list(fleet, signal), workerId);
    const { name, revision, tail, follow } = order;
    const found = own.find((each) => each.name === name && each.revision === revision);
    if (found === undefined) {
      const message = `there is no container of revision ${revision} of ${name} on this worker`;
      throw new FaultError("missing", "container_missing", message);
    }
    const mask = makeMasker(await secretFiles.values(found)).stream();
    const options = { follow, ...(tail > 0 && { tail }) };
    for await (const piece of runtime.logs(found.view.id, options, signal)) yield mask.push(piece);
    yield mask.flush();
  }
}

// oxlint-disable-next-line require-yield -- it has nothing to give but its refusal
async function* refuse(): AsyncGenerator<Uint8Array> {
  throw new FaultError("busy", "too_many_readers", `more than ${readersMax} logs are read on this worker`);
}

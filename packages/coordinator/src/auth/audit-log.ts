/**
 * What the audit log is told, on its way to the store. Records that come within a few milliseconds of each other are
 * written together, so that a coordinator under load adds one write to many calls. None is dropped when the store is
 * away for a while: they wait, up to a bound, and whoever waits for one learns that it is not written yet.
 */

import { type Clock, FaultError, Gathering, type Log, messageOf, type Service } from "@haversack/base";
import type { AuditRecord } from "@haversack/protocol";

const gatherMs = 15;
const againMs = 1_000;
const writeMax = 500;
const busyMin = 2_000;
const waitingMax = 10_000;

interface Entry {
  readonly record: AuditRecord;
  readonly written: PromiseWithResolvers<void>;
}

export interface AuditLogParts {
  readonly append: (args: { readonly records: readonly AuditRecord[] }) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export class AuditLog implements Service {
  readonly name = "audit-log";
  readonly #parts: AuditLogParts;
  #waiting: Entry[] = [];
  readonly #gathering: Gathering;
  #dropped = 0;

  constructor(parts: AuditLogParts) {
    this.#parts = parts;
    this.#gathering = new Gathering({
      clock: parts.clock,
      gatherMs,
      againMs,
      isEmpty: () => this.#waiting.length === 0,
      write: () => this.#write(),
    });
  }

  async start(): Promise<void> {}

  /** Everything that was told is written, if the store takes it. */
  async stop(): Promise<void> {
    await this.#gathering.stop();
  }

  /** More has come than the store keeps up with: whoever adds more waits for it. */
  get isBusy(): boolean {
    return this.#waiting.length > busyMin;
  }

  /** Resolves after the commit. Rejects with FaultError `unavailable` when it could not be written yet. */
  async add(record: AuditRecord): Promise<void> {
    if (this.#waiting.length >= waitingMax) {
      this.#dropped += 1;
      throw notWritten();
    }
    const written = Promise.withResolvers<void>();
    written.promise.catch(() => {});
    this.#waiting.push({ record, written });
    this.#gathering.ring();
    await written.promise;
  }

  /** @returns whether the store took them. Never rejects. */
  async #write(): Promise<boolean> {
    const entries = this.#waiting.slice(0, writeMax);
    try {
      await this.#parts.append({ records: entries.map(({ record }) => record) });
    } catch (error) {
      this.#parts.log.error(
        { error: messageOf(error), waiting: this.#waiting.length },
        "audit log: not written",
      );
      // Those behind them wait for the same store.
      for (const { written } of this.#waiting) written.reject(notWritten(error));
      return false;
    }
    this.#waiting = this.#waiting.slice(entries.length);
    for (const { written } of entries) written.resolve();
    if (this.#dropped > 0)
      this.#parts.log.error({ records: this.#dropped }, "audit log: records were dropped");
    this.#dropped = 0;
    return true;
  }
}

const notWritten = (cause?: unknown): FaultError =>
  new FaultError(
    "unavailable",
    "audit_unavailable",
    "what was asked may have been done, but the audit log could not be written; look before you ask again",
    { cause },
  );

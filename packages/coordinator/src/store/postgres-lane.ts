/**
 * One connection that does batches, one after the other. A batch whose transaction is certainly undone is done again:
 * after two transactions met, and after the connection was lost, when it is back. When it was lost inside the commit,
 * the server is asked what became of it (R3): answering "failed" for what was done would be as wrong as the reverse.
 */

import { FaultError, fullJitter, messageOf, type Ports, pause } from "@haversack/base";
import type { DagCache } from "./dag-cache.ts";
import { type BatchKind, runBatch } from "./postgres-batch.ts";
import { faultFor, isContention, type Outcome, type PostgresCall } from "./postgres-call.ts";
import { ConnectionLost, PostgresConnection } from "./postgres-connection.ts";
import { transactionStatus } from "./statements/postgres-locks.ts";

export interface LaneParts {
  readonly url: string;
  readonly kind: BatchKind;
  readonly ports: Ports;
  readonly dags: DagCache;
  /** Of the server that the store was opened on. */
  readonly cluster: string;
  /** How long the database may be away before the store gives up. */
  readonly comeBackMs: number;
  /** The database did not come back, or came back as another one. */
  readonly onDead: (error: FaultError) => void;
  readonly closing: AbortSignal;
}

const triesMax = 8;
const jitterFloorMs = 5;
const jitterCapMs = 500;
const dialFloorMs = 100;
const dialCapMs = 2000;

export class PostgresLane {
  readonly #parts: LaneParts;
  #connection: PostgresConnection | undefined;
  busy = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  async perform(calls: readonly PostgresCall[]): Promise<Outcome[]> {
    for (let tries = 1; ; tries++) {
      const connection = await this.connect();
      const commit: { transaction?: string; outcomes: Outcome[] } = { outcomes: [] };
      try {
        const { kind, dags } = this.#parts;
        const onCommit = (transaction: string, outcomes: readonly Outcome[]): void => {
          Object.assign(commit, { transaction, outcomes: [...outcomes] });
        };
        return await runBatch({ kind, connection, dags, onCommit }, calls);
      } catch (error) {
        const { transaction, outcomes } = commit;
        const isUnknown = transaction !== undefined && error instanceof ConnectionLost;
        if (isUnknown && (await this.#wasCommitted(transaction))) return outcomes;
        await this.#again(error, tries);
      }
    }
  }

  /** Open, however long that takes within the bound. */
  async connect(): Promise<PostgresConnection> {
    const { ports, comeBackMs, closing } = this.#parts;
    if (this.#connection?.lost.aborted === false) return this.#connection;
    await this.#connection?.close();
    this.#connection = undefined;
    const began = ports.clock.monotonic();
    for (let tries = 0; ; tries++) {
      try {
        this.#connection = this.#expected(await PostgresConnection.open(this.#parts.url));
        return this.#connection;
      } catch (error) {
        const away = ports.clock.monotonic() - began;
        if (away > comeBackMs || (error instanceof FaultError && error.code === "other_cluster")) {
          throw this.#dead(error);
        }
        if (tries === 0) ports.log.warn({ reason: messageOf(error) }, "the database is away");
        await pause(ports.clock, fullJitter(ports.random, tries, dialFloorMs, dialCapMs), closing);
      }
    }
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }

  /** Fences are issued by one life of a database: another server may lack what this one acknowledged (P10). */
  #expected(connection: PostgresConnection): PostgresConnection {
    if (connection.cluster === this.#parts.cluster) return connection;
    void connection.close();
    const message =
      "the database came back as another server or timeline; start again, under a new generation";
    throw new FaultError("unavailable", "other_cluster", message);
  }

  #dead(error: unknown): FaultError {
    const dead =
      error instanceof FaultError ? error : new FaultError("unavailable", "store_died", messageOf(error));
    this.#parts.onDead(dead);
    return dead;
  }

  /** Resolves when the batch should be tried once more. */
  async #again(error: unknown, tries: number): Promise<void> {
    const { ports, closing } = this.#parts;
    const lost = error instanceof ConnectionLost;
    if (!lost && !isContention(error)) throw faultFor(error);
    if (tries < triesMax) {
      if (!lost)
        await pause(ports.clock, fullJitter(ports.random, tries, jitterFloorMs, jitterCapMs), closing);
      return;
    }
    if (!lost) throw faultFor(error);
    const message = `the connection to the database broke ${tries} times under this call: ${messageOf(error)}`;
    throw new FaultError("unavailable", "database_unusable", message, { cause: error });
  }

  async #wasCommitted(transaction: string): Promise<boolean> {
    const { ports, comeBackMs, closing } = this.#parts;
    const began = ports.clock.monotonic();
    for (let tries = 0; ; tries++) {
      const status = await this.#status(transaction);
      if (status === "committed") return true;
      if (status === "aborted") return false;
      if (status === null || ports.clock.monotonic() - began > comeBackMs) {
        const message =
          "the connection broke inside a commit, and the database does not know what became of it";
        throw this.#dead(new FaultError("unavailable", "outcome_unknown", message));
      }
      await pause(ports.clock, fullJitter(ports.random, tries, dialFloorMs, dialCapMs), closing);
    }
  }

  async #status(transaction: string): Promise<unknown> {
    const connection = await this.connect();
    try {
      return (await connection.query(transactionStatus, [transaction])).rows[0]?.["status"];
    } catch (error) {
      if (error instanceof ConnectionLost) return "in progress";
      throw error;
    }
  }
}

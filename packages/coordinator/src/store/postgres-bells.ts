/**
 * Wake-ups between coordinators, by LISTEN and NOTIFY. A notification takes a lock of the whole database at its commit,
 * so it is no part of a verb's transaction: what changed within a few milliseconds goes out at once, after the commits.
 * It wakes and decides nothing; what is missed while a connection is away is made good by the sweeps.
 */

import { createHash } from "node:crypto";
import { fullJitter, messageOf, type Ports, pause } from "@haversack/base";
import { parseRunId, type RunId } from "@haversack/protocol";
import { PostgresConnection } from "./postgres-connection.ts";
import { joinOthers } from "./postgres-presence.ts";
import { notifyAll } from "./statements/postgres-server.ts";
import type { ChangeListener } from "./store.ts";
import { type Touched, untouched } from "./verb.ts";

const gatherMs = 5;
/** A notification holds less than 8,000 bytes. */
const runsPerMessage = 150;

interface Message {
  /** Who sent it: it has told its own listeners at once. */
  readonly from: string;
  readonly runs: readonly string[];
  readonly ready: boolean;
  readonly children: boolean;
}

interface Woken {
  readonly runs: readonly RunId[];
  readonly ready: boolean;
  readonly children: boolean;
}

export class PostgresBells {
  readonly #url: string;
  readonly #ports: Ports;
  readonly #topic: string;
  readonly #self: string;
  readonly #listeners = new Set<Partial<ChangeListener>>();
  readonly #closing = new AbortController();
  readonly #heard: Promise<void>;
  #connection: PostgresConnection | undefined;
  #first = true;
  #gathered: Touched | undefined;
  #sending: Promise<void> = Promise.resolve();

  private constructor(url: string, topic: string, ports: Ports, first: PostgresConnection) {
    this.#url = url;
    this.#ports = ports;
    this.#topic = topic;
    this.#self = ports.random.id();
    this.#heard = this.#hear(first);
  }

  /** @param topic what the bells of one kind have in common: `store` or `logs` */
  static async open(url: string, topic: string, ports: Ports): Promise<PostgresBells> {
    const bells = new PostgresBells(url, topic, ports, await PostgresConnection.open(url));
    await bells.#listening.promise;
    return bells;
  }

  /** Other coordinators were there when it was opened. */
  others = false;

  readonly #listening = Promise.withResolvers<void>();

  listen(listener: Partial<ChangeListener>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Wakes those here at once, and those elsewhere in a few milliseconds. */
  ring(touched: Touched): void {
    this.#wake({ ...touched, runs: [...touched.runs] });
    // Workers of others hear it with their next heartbeat.
    for (const listener of this.#listeners) {
      if (touched.cancelled.length > 0) listener.cancelled?.(touched.cancelled);
      if (touched.ended.length > 0) listener.ended?.(touched.ended);
    }
    if (this.#gathered === undefined) {
      this.#gathered = untouched();
      if (!this.#closing.signal.aborted) this.#ports.clock.after(gatherMs, () => this.#send());
    }
    for (const run of touched.runs) this.#gathered.runs.add(run);
    this.#gathered.ready ||= touched.ready;
    this.#gathered.children ||= touched.children;
  }

  async close(): Promise<void> {
    this.#send();
    await this.#sending;
    this.#closing.abort();
    await this.#heard;
  }

  #wake({ runs, ready, children }: Woken): void {
    for (const listener of this.#listeners) {
      if (runs.length > 0) listener.runs?.(runs);
      if (ready) listener.ready?.();
      if (children) listener.children?.();
    }
  }

  #send(): void {
    const gathered = this.#gathered;
    const connection = this.#connection;
    this.#gathered = undefined;
    if (gathered === undefined || connection === undefined) return;
    const runs = [...gathered.runs];
    const messages: string[] = [];
    for (let from = 0; from === 0 || from < runs.length; from += runsPerMessage) {
      const part = runs.slice(from, from + runsPerMessage);
      const first = from === 0;
      const { ready, children } = gathered;
      const message: Message = {
        from: this.#self,
        runs: part,
        ready: first && ready,
        children: first && children,
      };
      messages.push(JSON.stringify(message));
    }
    const sent = connection.query(notifyAll, [channelOf(this.#topic, connection), messages], "notify_all");
    this.#sending = sent.then(
      () => {},
      (error: unknown) =>
        this.#ports.log.warn({ reason: messageOf(error) }, "other coordinators were not woken"),
    );
  }

  /** Until it is closed; dials again when the connection breaks. */
  async #hear(first: PostgresConnection): Promise<void> {
    const { clock, random } = this.#ports;
    let next: PostgresConnection | undefined = first;
    for (let tries = 0; !this.#closing.signal.aborted; tries++) {
      try {
        const connection = next ?? (await PostgresConnection.open(this.#url));
        next = undefined;
        await this.#hearOn(connection, () => (tries = 0));
      } catch (error) {
        this.#ports.log.debug({ reason: messageOf(error) }, "no wake-ups of other coordinators for now");
      }
      await pause(clock, fullJitter(random, tries, 100, 5000), this.#closing.signal).catch(() => {});
    }
  }

  async #hearOn(connection: PostgresConnection, onListening: () => void): Promise<void> {
    const over = Promise.withResolvers<void>();
    const signal = AbortSignal.any([connection.lost, this.#closing.signal]);
    signal.addEventListener("abort", () => over.resolve(), { once: true });
    if (signal.aborted) over.resolve();
    try {
      connection.onNotification((_channel, payload) => this.#receive(payload));
      await connection.query(`listen ${channelOf(this.#topic, connection)}`);
      const others = await joinOthers(connection);
      if (this.#first) this.others = others;
      this.#first = false;
      this.#connection = connection;
      this.#listening.resolve();
      onListening();
      // Whatever was told in between was not heard.
      this.#wake({ runs: [], ready: true, children: true });
      await over.promise;
    } finally {
      this.#connection = undefined;
      await connection.close();
    }
  }

  #receive(payload: string): void {
    const message = JSON.parse(payload) as Message;
    if (message.from !== this.#self) this.#wake({ ...message, runs: message.runs.map(parseRunId) });
  }
}

/** Channels belong to a database; the store belongs to a schema of it. */
function channelOf(topic: string, { schema }: PostgresConnection): string {
  return `haversack_${topic}_${createHash("sha256").update(schema).digest("hex").slice(0, 16)}`;
}

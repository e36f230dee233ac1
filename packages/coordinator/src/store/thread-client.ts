/** The main thread's side of a database thread. Calls made in one turn of the event loop travel in one message. */

import { Worker } from "node:worker_threads";
import { FaultError, messageOf } from "@haversack/base";
import type { RunId } from "@haversack/protocol";
import type { ChangeListener } from "./store.ts";
import {
  type Call,
  type FromThread,
  receiveError,
  receiveValue,
  sendCall,
  type ThreadOptions,
  type ToThread,
} from "./thread-messages.ts";

/** Calls that wait for an answer. More are refused, so that a stalled disk cannot fill the memory. */
const callsMax = 100_000;

const program = new URL("./sqlite-thread.ts", import.meta.url);
/** Of the other packages it loads `index-for-store.ts`, a third of the modules: a coordinator starts four such threads. */
const execArgv = ["--conditions=haversack-store"];

export class ThreadClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners = new Set<Partial<ChangeListener>>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  #queue: Call[] = [];
  #nextId = 1;
  #dead: FaultError | undefined;

  private constructor(options: ThreadOptions) {
    this.#worker = new Worker(program, { workerData: options, execArgv });
    this.#worker.on("message", (message: FromThread) => this.#receive(message));
    this.#worker.on("error", (error) =>
      this.#fail(new FaultError("bug", "store_died", messageOf(error), { cause: error })),
    );
    this.#worker.on("exit", () => {
      this.#fail(new FaultError("unavailable", "store_closed", "the store is closed"));
      this.#exited.resolve();
    });
    // Whoever calls gets the error; nobody need be waiting for the opening any more.
    this.#opened.promise.catch(() => {});
  }

  /** Rejects when the database cannot be opened the way that its promises need. */
  static async open(options: ThreadOptions): Promise<ThreadClient> {
    const client = new ThreadClient(options);
    await client.#opened.promise;
    return client;
  }

  /** Resolves with the error when the thread ended by itself: the coordinator must not go on. */
  readonly died = Promise.withResolvers<FaultError>();

  async call(verb: string, args: unknown): Promise<unknown> {
    if (this.#dead !== undefined) throw this.#dead;
    if (this.#pending.size >= callsMax) {
      throw new FaultError("busy", "store_busy", "the database is far behind; try again in a few seconds");
    }
    const id = this.#nextId++;
    const sent = sendCall(id, verb, args);
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    if (this.#queue.length === 0) queueMicrotask(() => this.#flush());
    this.#queue.push(sent);
    return await answer.promise;
  }

  /** The verbs of a table as functions. */
  calls<T>(table: object): T {
    const entries = Object.keys(table).map((verb) => [verb, (args: unknown) => this.call(verb, args)]);
    return Object.fromEntries(entries) as T;
  }

  listen(listener: Partial<ChangeListener>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Answers what was asked, then closes the file. */
  async close(): Promise<void> {
    this.#flush();
    this.#worker.postMessage({ kind: "close" } satisfies ToThread);
    await this.#exited.promise;
  }

  #flush(): void {
    if (this.#queue.length === 0) return;
    this.#worker.postMessage({ kind: "calls", calls: this.#queue } satisfies ToThread);
    this.#queue = [];
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case "open":
        this.#opened.resolve();
        return;
      case "failed":
        this.#fail(receiveError(message.error));
        return;
      case "answers":
        this.#settle(message);
    }
  }

  #settle(message: Extract<FromThread, { kind: "answers" }>): void {
    // First whoever waits for steps: callers may be many, and what they do next is not waited for.
    for (const listener of this.#listeners) {
      if (message.touchedRuns.length > 0) listener.runs?.(message.touchedRuns as RunId[]);
      if (message.ready) listener.ready?.();
      if (message.children) listener.children?.();
      if (message.cancelled.length > 0) listener.cancelled?.(message.cancelled);
      if (message.ended.length > 0) listener.ended?.(message.ended);
    }
    for (const answer of message.answers) {
      const pending = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if (answer.ok) pending?.resolve(receiveValue(answer));
      else pending?.reject(receiveError(answer.error));
    }
  }

  #fail(error: FaultError): void {
    if (this.#dead !== undefined) return;
    this.#dead = error;
    this.#opened.reject(error);
    this.died.resolve(error);
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

/**
 * The thread that owns a SQLite connection. SQLite is synchronous: here an fsync stalls nobody's network. All calls
 * that wait when a transaction begins share it, so that one fsync pays for many transitions; the answers leave after
 * the commit, never before. A call that fails is cut out by its savepoint and does not fail its neighbours. A failing
 * commit ends the thread: what the disk holds is then unknown, and a retry could acknowledge what was lost.
 */

import type { DatabaseSync } from "node:sqlite";
import { isMainThread, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { FaultError, invariant, present } from "@haversack/base";
import { DagCache } from "./dag-cache.ts";
import { CallRuns, TransactionRuns } from "./run-states.ts";
import { openSqlite, SqliteTx } from "./sqlite-database.ts";
import {
  type Call,
  type CallAnswer,
  type FromThread,
  receiveArgs,
  sendError,
  sendValue,
  type ThreadOptions,
  type ToThread,
} from "./thread-messages.ts";
import { type Touched, touchAlso, untouched, type Verb, type VerbContext } from "./verb.ts";
import { verbTables } from "./verb-tables.ts";

/** Calls in one transaction. More would make the first of them wait too long. */
const batchMax = 256;

class DatabaseThread {
  readonly #db: DatabaseSync;
  readonly #tx: SqliteTx;
  readonly #dags = new DagCache();
  readonly #verbs: ReadonlyMap<string, Verb<unknown, unknown>>;
  readonly #writes: boolean;

  constructor(options: ThreadOptions) {
    const { role, file, migrations } = options;
    this.#db = openSqlite({ file, ...(migrations === undefined ? {} : { migrations }) });
    this.#tx = new SqliteTx(this.#db);
    this.#writes = role === "write" || role === "log-write";
    this.#verbs = new Map(Object.entries(verbTables[role]) as [string, Verb<unknown, unknown>][]);
  }

  /** One transaction around all calls. */
  async answer(calls: readonly Call[]): Promise<Extract<FromThread, { kind: "answers" }>> {
    const touched = untouched();
    this.#db.exec(this.#writes ? "begin immediate" : "begin");
    const answers: CallAnswer[] = [];
    const runs = new TransactionRuns();
    for (const call of calls) answers.push(await this.#one(call, touched, runs));
    await runs.flush(this.#tx);
    this.#db.exec("commit");
    const { runs: touchedRuns, ...others } = touched;
    return { kind: "answers", answers, touchedRuns: [...touchedRuns], ...others };
  }

  async #one(call: Call, touched: Touched, all: TransactionRuns): Promise<CallAnswer> {
    const { id, verb } = call;
    const body = this.#verbs.get(verb);
    if (body === undefined) {
      return { id, ok: false, error: sendError(new FaultError("bug", "unknown_verb", `no verb ${verb}`)) };
    }
    const own = untouched();
    const runs = new CallRuns(this.#tx, all);
    const context: VerbContext = { tx: this.#tx, dags: this.#dags, runs, touched: own };
    if (this.#writes) this.#db.exec("savepoint call");
    try {
      const answer = sendValue(call, await body(context, receiveArgs(call)));
      if (this.#writes) this.#db.exec("release call");
      runs.keep();
      touchAlso(touched, own);
      return answer;
    } catch (error) {
      if (this.#writes) this.#db.exec("rollback to call; release call");
      return { id, ok: false, error: sendError(error) };
    }
  }

  close(): void {
    this.#db.close();
  }
}

/** Serves until it is told to close. */
async function serve(thread: DatabaseThread, port: NonNullable<typeof parentPort>): Promise<void> {
  const post = (message: FromThread): void => port.postMessage(message);
  for (;;) {
    const { calls, closing } = await nextBatch(port);
    for (let from = 0; from < calls.length; from += batchMax) {
      post(await thread.answer(calls.slice(from, from + batchMax)));
    }
    if (closing) {
      thread.close();
      port.close();
      return;
    }
  }
}

/** Waits for a message, then takes everything that has come by now. */
async function nextBatch(port: NonNullable<typeof parentPort>) {
  const calls: Call[] = [];
  const first = Promise.withResolvers<ToThread>();
  port.once("message", first.resolve);
  let message: ToThread | undefined = await first.promise;
  while (message !== undefined) {
    if (message.kind === "close") return { calls, closing: true };
    calls.push(...message.calls);
    message = receiveMessageOnPort(port)?.message as ToThread | undefined;
  }
  return { calls, closing: false };
}

invariant(!isMainThread, "this file is a thread of its own");
const port = present(parentPort, "the parent's port");
try {
  const thread = new DatabaseThread(workerData as ThreadOptions);
  port.postMessage({ kind: "open" } satisfies FromThread);
  await serve(thread, port);
} catch (error) {
  port.postMessage({ kind: "failed", error: sendError(error) } satisfies FromThread);
  port.close();
}

/**
 * Large DAG files are prepared in a thread of their own, one at a time: reading 100,000 steps takes seconds, in which the
 * coordinator has heartbeats to answer. What comes back is text, not objects: it costs nothing to take over. A file that
 * takes too long or too much memory is refused, and takes nothing else with it.
 */

import { Worker } from "node:worker_threads";
import { type Clock, type Fault, FaultError, messageOf, systemCodeOf } from "@haversack/base";
import { type Problem, ProblemsError } from "@haversack/protocol";
import type { Asked, Prepared } from "./prepare.ts";

export type ThreadAnswer =
  | { readonly kind: "prepared"; readonly prepared: Prepared }
  | { readonly kind: "problems"; readonly problems: readonly Problem[] }
  | { readonly kind: "failed"; readonly fault: Fault; readonly message: string };

/** Smaller files are read at once: a thread takes longer to start. */
export const largeCharactersMin = 256 * 1024;
const memoryMegabytesMax = 2_048;
const patienceMs = 120_000;

export class Aside {
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects with ProblemsError. */
  async prepare(asked: Asked): Promise<Prepared> {
    const mine = this.#last.then(
      () => this.#inThread(asked),
      () => this.#inThread(asked),
    );
    this.#last = mine;
    const answer = await mine;
    if (answer.kind === "problems") throw new ProblemsError(answer.problems);
    if (answer.kind === "failed") throw new FaultError(answer.fault, "dag_unreadable", answer.message);
    return answer.prepared;
  }

  async #inThread(asked: Asked): Promise<ThreadAnswer> {
    const limits = { maxOldGenerationSizeMb: memoryMegabytesMax };
    const thread = new Worker(new URL("./prepare-thread.ts", import.meta.url), {
      workerData: asked,
      resourceLimits: limits,
    });
    const answered = Promise.withResolvers<ThreadAnswer>();
    thread.once("message", answered.resolve);
    thread.once("error", (error) => answered.reject(refusal(error)));
    thread.once("exit", () =>
      answered.reject(new FaultError("bug", "thread_ended", "it ended without an answer")),
    );
    const late = this.#clock.after(patienceMs, () =>
      answered.reject(tooLarge(`took more than ${patienceMs / 1000} s to read`)),
    );
    try {
      return await answered.promise;
    } finally {
      late.cancel();
      await thread.terminate();
    }
  }
}

const refusal = (error: unknown): FaultError =>
  systemCodeOf(error) === "ERR_WORKER_OUT_OF_MEMORY"
    ? tooLarge(`takes more than ${memoryMegabytesMax} MB of memory to read`)
    : new FaultError("bug", "thread_failed", messageOf(error), { cause: error });

const tooLarge = (why: string): FaultError =>
  new FaultError("invalid", "dag_too_large", `the DAG file ${why}`);

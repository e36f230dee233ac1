/** Clients that never give up: each submits a DAG, follows it to its end, sometimes cancels it, and begins again. */

import { setTimeout as sleep } from "node:timers/promises";
import { FaultError, faultOf, messageOf, worthRetrying } from "@haversack/base";
import { type HaversackClient, isTerminalRun, type RunEvent, type RunId } from "@haversack/protocol";
import { choices } from "../support/seeded-random.ts";
import type { History } from "./history.ts";
import { type MadeDag, makeDag } from "./workload.ts";

export interface Submitted {
  readonly dag: MadeDag;
  /** Acknowledged by a coordinator; undefined: nobody ever answered. */
  runId?: RunId;
  /** Somebody asked for the end of it, and was answered. */
  cancel?: "asked" | "accepted";
  /** As the client saw them, over however many connections. */
  readonly events: RunEvent[];
  ended: boolean;
}

export interface LoadParts {
  readonly seed: number;
  /** Stands in everything that this run of the program makes. */
  readonly tag: string;
  /** Clients at once. */
  readonly clients: number;
  readonly history: History;
  /** Gets what was answered and is none of what a client has to expect while things break. */
  readonly oddAnswers: string[];
  /** A client of any coordinator; another one each time. */
  readonly client: (tries: number) => Promise<HaversackClient>;
  /** No new submissions. */
  readonly stopping: AbortSignal;
  /** Nobody waits any longer. */
  readonly deadline: AbortSignal;
}

const retryMs = 250;
const callTimeoutMs = 10_000;

/** Resolves when every client has seen the end of its last run, or the deadline came. */
export async function runLoad(parts: LoadParts): Promise<readonly Submitted[]> {
  const all: Submitted[] = [];
  const one = async (): Promise<void> => {
    while (!parts.stopping.aborted) {
      const number = all.length;
      const submitted: Submitted = { dag: makeDag(parts.seed, number, parts.tag), events: [], ended: false };
      all.push(submitted);
      await see(submitted, number, parts);
    }
  };
  await Promise.all(Array.from({ length: parts.clients }, one));
  return all;
}

async function see(submitted: Submitted, number: number, parts: LoadParts): Promise<void> {
  try {
    const { dag } = submitted;
    const submission = { dag: dag.text, fileName: "chaos.yaml", params: {}, idempotencyKey: dag.token };
    const { run } = await insist("submit", dag.token, parts, (client, signal) =>
      client.submit(submission, signal),
    );
    submitted.runId = run.id;
    await Promise.all([follow(submitted, run.id, parts), cancelPerhaps(submitted, run.id, number, parts)]);
    submitted.ended = true;
  } catch (error) {
    if (!parts.deadline.aborted) throw error;
  }
}

/** One in eight, at some moment of its life. */
async function cancelPerhaps(
  submitted: Submitted,
  runId: RunId,
  number: number,
  parts: LoadParts,
): Promise<void> {
  const chosen = choices(parts.seed ^ (number * 7919));
  if (!chosen.chance(1 / 8)) return;
  await sleep(chosen.between(100, 3000), undefined, { signal: parts.deadline });
  submitted.cancel = "asked";
  const run = await insist("cancel", submitted.dag.token, parts, async (client, signal) => {
    try {
      return await client.cancel(runId, signal);
    } catch (error) {
      // It has ended before: then that is what it is.
      if (faultOf(error) === "conflict") return undefined;
      throw error;
    }
  });
  if (run?.status === "cancelled" || (run !== undefined && !isTerminalRun(run.status)))
    submitted.cancel = "accepted";
}

/** From the event that was seen last, over as many connections as it takes. */
async function follow(submitted: Submitted, runId: RunId, parts: LoadParts): Promise<void> {
  const { events } = submitted;
  for (let tries = 0; ; tries++) {
    try {
      const client = await parts.client(tries);
      const seen = events.at(-1)?.seq ?? 0;
      for await (const event of client.watch(runId, seen, parts.deadline)) events.push(event);
      return;
    } catch (error) {
      await waitOrThrow(error, parts);
    }
  }
}

/** Until somebody answers; each try is told to the history, with what became of it. */
async function insist<T>(
  what: string,
  token: string,
  parts: LoadParts,
  call: (client: HaversackClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    const tell = parts.history.begin({ what, token, tries });
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(callTimeoutMs), parts.deadline]);
      const answer = await call(await parts.client(tries), signal);
      tell("ok");
      return answer;
    } catch (error) {
      // A call that broke off may have been done all the same.
      tell(isTransient(error) ? "unknown" : "fail");
      await waitOrThrow(error, parts);
    }
  }
}

/** An answer that nobody should ever get is kept for the judge; the client goes on. */
async function waitOrThrow(error: unknown, { deadline, history, oddAnswers }: LoadParts): Promise<void> {
  if (deadline.aborted) throw error;
  if (!isTransient(error)) {
    history.note({ what: "odd answer", error: messageOf(error) });
    oddAnswers.push(messageOf(error));
  }
  await sleep(retryMs, undefined, { signal: deadline });
}

function isTransient(error: unknown): boolean {
  const fault = faultOf(error);
  return error instanceof FaultError && (worthRetrying[fault] || fault === "cancelled");
}

/**
 * Child runs: starts the runs of `dag` steps, tells steps of the end of theirs, cancels what a cancelled run, or the
 * time limit of a step, leaves behind, and lets a pause and its end reach further down. It keeps nothing that the store
 * does not: it looks when something woke it, when something is due, and now and then. Several of them on one store, or
 * one that dies anywhere, start no run twice and miss no end.
 */

import { andThen, Background, type Ms, messageOf, type Ports, type Service, Wakeup } from "@haversack/base";
import type { AttemptRef, RunId } from "@haversack/protocol";
import type { ChildSubmitter } from "../library/submit-child.ts";
import type { Store } from "../store/store.ts";
import type { ReadyChild, ReadyPlace } from "../store/verbs/child-ready.ts";
import { startOf } from "./start-child.ts";

/** A wake-up that was missed is made good. */
const sweepMs: Ms = 15_000;
/** After a look that failed, or a start that may succeed later. */
const againMs: Ms = 1000;
/** Of each kind in one slice. */
const perSlice = 64;

export interface ChildRunsParts {
  readonly store: Store;
  readonly submitter: ChildSubmitter;
  /** Ends attempts whose run was cancelled. */
  readonly registry: { cancel: (live: readonly AttemptRef[]) => void };
  readonly ports: Ports;
  readonly depthMax: number;
  readonly onFailure: (error: unknown) => void;
}

export function childRuns(parts: ChildRunsParts): Service {
  const { store, ports } = parts;
  const wakeup = new Wakeup();
  const stopListening = store.listen({ runs() {}, ready() {}, children: () => wakeup.ring() });

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await look(parts, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        ports.log.error({ error: messageOf(error) }, "child runs could not be looked after; trying again");
        return againMs;
      });
      await wakeup.nextWithin(ports.clock, waitMs, signal);
    }
  }

  const loop = new Background("child-runs", run, parts.onFailure);
  return andThen(loop, stopListening);
}

/** @returns how long nothing is due */
async function look(parts: ChildRunsParts, signal: AbortSignal): Promise<Ms> {
  const waits = [sweepMs, await lookAtRunning(parts, signal), await lookAtReady(parts, signal)];
  return Math.max(0, Math.min(...waits));
}

async function lookAtRunning(parts: ChildRunsParts, signal: AbortSignal): Promise<Ms> {
  const { store, registry, ports } = parts;
  const cancel = async (verb: "runCancel" | "childExpire", id: RunId): Promise<void> => {
    const { live } = await store.write[verb]({ id, now: ports.clock.now() });
    registry.cancel(live);
  };
  const follow = async (verb: "childPause" | "childResume", id: RunId): Promise<void> =>
    await store.write[verb]({ id, now: ports.clock.now() });
  for (;;) {
    signal.throwIfAborted();
    const now = ports.clock.now();
    const { nextDeadline, ...due } = await store.read.childrenDue({ now, limit: perSlice });
    const done = await Promise.all([
      ...due.ended.map((each) => alone(parts, each.childId, store.write.childSettle({ ...each, now }))),
      ...due.toCancel.map((id) => alone(parts, id, cancel("runCancel", id))),
      ...due.overdue.map((id) => alone(parts, id, cancel("childExpire", id))),
      ...due.toPause.map((id) => alone(parts, id, follow("childPause", id))),
      ...due.toResume.map((id) => alone(parts, id, follow("childResume", id))),
    ]);
    if (done.includes(false)) return againMs;
    if (Math.max(...Object.values(due).map(({ length }) => length)) < perSlice)
      return untilDue(nextDeadline, ports);
  }
}

/** What fails for one child run does not hold up the others. @returns whether it need not be tried again */
async function alone({ ports }: ChildRunsParts, run: RunId, work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    ports.log.error({ run, error: messageOf(error) }, "a child run could not be looked after; trying again");
    return false;
  }
}

async function lookAtReady(parts: ChildRunsParts, signal: AbortSignal): Promise<Ms> {
  const { store, ports } = parts;
  let after: ReadyPlace | undefined;
  let waitMs: Ms = sweepMs;
  for (;;) {
    signal.throwIfAborted();
    const query = { now: ports.clock.now(), limit: perSlice, ...(after === undefined ? {} : { after }) };
    const { steps, nextDue } = await store.read.childrenReady(query);
    const done = await Promise.all(steps.map((step) => start(parts, step)));
    if (done.includes(false)) waitMs = againMs;
    after = steps.at(-1);
    if (steps.length < perSlice) return Math.min(waitMs, untilDue(nextDue, ports));
  }
}

/** One that cannot be started now does not hold up the others. @returns whether it need not be tried again */
async function start(
  { store, submitter, ports, depthMax }: ChildRunsParts,
  ready: ReadyChild,
): Promise<boolean> {
  const { runId, index, attempt, step } = ready;
  const now = (): number => ports.clock.now();
  try {
    const started = await startOf(ready, { submitter, depthMax, now, newId: () => ports.random.id() });
    if (started.kind === "start") await store.write.childStart(started.start);
    else await store.write.stepRefuse({ runId, index, attempt, now: now(), failure: started.failure });
    return true;
  } catch (error) {
    ports.log.warn(
      { run: runId, step: step.id, error: messageOf(error) },
      "a child run did not start; trying again",
    );
    return false;
  }
}

const untilDue = (due: number | undefined, ports: Ports): Ms =>
  due === undefined ? sweepMs : Math.max(0, due - ports.clock.now());

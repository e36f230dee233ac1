/** All that keeps a step from starting now. Pure. */

import { formatDuration } from "@haversack/base";
import type { WaitReason } from "@haversack/protocol";
import { hasRoom } from "../runs/limits.ts";
import type { LimitFacts, RunHold, WaitFacts } from "../runs/wait-facts.ts";
import { explained, listed } from "./explain.ts";
import { ableWorkers, whyNot } from "./place.ts";
import type { ViewWorker } from "./view.ts";

export function waitReasons(
  facts: WaitFacts,
  workers: readonly ViewWorker[],
  now: number,
): readonly WaitReason[] {
  if (facts.phase === "suspended") return [{ code: "approval", message: "waits for the answer of a person" }];
  if (facts.phase === "waiting") return waitingReasons(facts);
  return facts.phase === "ready" ? readyReasons(facts, workers, now) : [];
}

function waitingReasons({ behind, isHandler, isItem, hold }: WaitFacts): WaitReason[] {
  const reasons: WaitReason[] = [];
  if (hold !== undefined) reasons.push({ code: "run_concurrency", message: holdText(hold) });
  if (behind.length > 0) {
    const names = listed(behind.map(({ id, phase }) => `${id} (${phase})`));
    reasons.push({ code: "dependency", message: `waits for ${names}` });
  }
  if (isItem) reasons.push({ code: "items", message: "as many items of its step as may be are under way" });
  if (isHandler) reasons.push({ code: "handler", message: "comes when the steps of the run have ended" });
  return reasons;
}

function holdText({ key, limit, runs, ahead }: RunHold): string {
  const many = limit === 1 ? "one run" : `${limit} runs`;
  const line = ahead === 0 ? "" : `; ${ahead} ${ahead === 1 ? "run waits" : "runs wait"} before this one`;
  return `${many} at a time may have the key ${key}: ${listed(runs)} ${runs.length === 1 ? "has" : "have"} it${line}`;
}

function readyReasons(
  { isPaused, isOwnRun, notBefore, queue, limits }: WaitFacts,
  workers: readonly ViewWorker[],
  now: number,
): WaitReason[] {
  const reasons: WaitReason[] = [];
  if (isPaused) reasons.push({ code: "paused", message: "the run is paused" });
  if (notBefore > now) {
    const message = `its next attempt, in ${formatDuration(notBefore - now)}`;
    reasons.push({ code: "retry", message });
  }
  // It is about to start.
  if (isOwnRun) return reasons;
  for (const limit of limits) {
    if (!hasRoom(limit.use, limit.state)) reasons.push(limitReason(limit));
  }
  const able = ableWorkers(queue, workers);
  if (!able.some(({ credits }) => credits > 0)) reasons.push(explained(whyNot(queue, able, workers)));
  return reasons;
}

function limitReason({ use, state, holders }: LimitFacts): WaitReason {
  const { kind, name, units } = use;
  const by = listed(holders.map(({ runId, stepId }) => `${runId}/${stepId}`));
  const who = holders.length === 0 ? "" : `: ${by} ${holders.length === 1 ? "has" : "have"} it`;
  if (kind === "deployment") {
    return { code: "deployment_busy", message: `another step deploys ${name} at this moment${who}` };
  }
  if (kind === "key") {
    const message = `${state.inUse} of ${use.limit ?? 1} steps with the key ${name} are in flight${who}`;
    return { code: "key_full", message };
  }
  const { limit } = state;
  if (limit === undefined) {
    const message = `there is no pool ${name} any more: haversack pool set ${name} --limit N`;
    return { code: "no_pool", message };
  }
  if (units > limit) {
    const message = `it takes ${units} units of the pool ${name}, which has ${limit}: haversack pool set ${name} --limit ${units}`;
    return { code: "pool_too_small", message };
  }
  const message = `it takes ${units} of ${limit} units of the pool ${name}, of which ${state.inUse} are in use${who}`;
  return { code: "pool_full", message };
}

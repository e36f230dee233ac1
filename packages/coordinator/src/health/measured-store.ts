/** A store whose writes are counted and timed. Everything that workers do passes it, so nothing else need count. */

import type { Clock } from "@haversack/base";
import { type Refusal, refKey } from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import type { CoordinatorMetrics } from "./metrics.ts";

type Write = Store["write"];

export function measured<S extends Store>(store: S, metrics: CoordinatorMetrics, clock: Clock): S {
  const timed = Object.fromEntries(
    Object.entries(store.write).map(([verb, call]) => [verb, timedCall(verb, call, metrics, clock)]),
  ) as Write;
  return { ...store, write: { ...timed, ...counted(timed, metrics) } };
}

function timedCall(
  verb: string,
  call: (...args: never[]) => Promise<unknown>,
  metrics: CoordinatorMetrics,
  clock: Clock,
) {
  return async (...args: never[]): Promise<unknown> => {
    const began = clock.monotonic();
    try {
      return await call(...args);
    } finally {
      metrics.wrote(verb, clock.monotonic() - began);
    }
  };
}

function counted(write: Write, metrics: CoordinatorMetrics): Partial<Write> {
  const told = (refusals: readonly Refusal[]): void => metrics.refused(refusals);
  return {
    async stepsTake(args) {
      const claimed = await write.stepsTake(args);
      metrics.dispatched(claimed.length);
      return claimed;
    },
    async attemptsStart(args) {
      const refusals = await write.attemptsStart(args);
      told(refusals);
      return refusals;
    },
    async attemptsFinish(args) {
      const refusals = await write.attemptsFinish(args);
      told(refusals);
      const refused = new Set(refusals.map(({ ref }) => refKey(ref)));
      for (const { result } of args.results) {
        if (refused.has(refKey(result.ref))) continue;
        metrics.finished(result.outcome);
        if (result.deployment !== undefined) metrics.deployed(result.deployment);
      }
      return refusals;
    },
    async leasesRenew(args) {
      const renewed = await write.leasesRenew(args);
      told(renewed.refusals);
      return renewed;
    },
    async workerGreet(args) {
      const greeted = await write.workerGreet(args);
      told(greeted.refusals);
      return greeted;
    },
    async leasesExpire(args) {
      const answer = await write.leasesExpire(args);
      metrics.expired(answer.expired.length);
      return answer;
    },
  };
}

/** Injects the faults of a plan when their time has come. */

import { setTimeout as sleep } from "node:timers/promises";
import { type FaultParts, type FaultReport, inject } from "./faults.ts";
import type { History } from "./history.ts";
import { type Fault, victimOf } from "./plan.ts";

/** Each at its time, or later when what it is to hit has not recovered from the one before. */
export async function injectAll(
  plan: readonly Fault[],
  lengthMs: number,
  history: History,
  parts: FaultParts,
): Promise<readonly FaultReport[]> {
  const begun: Promise<FaultReport>[] = [];
  const last = new Map<string, Promise<unknown>>();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  for (const fault of plan) {
    await Promise.race([sleep(Math.max(0, fault.atMs - history.sinceMs())), broken.promise]);
    const victim = victimOf(fault);
    const recovered = last.get(victim) ?? Promise.resolve();
    const done = recovered.then(() => inject(fault, parts, () => history.sinceMs()));
    last.set(victim, done);
    done.then((report) => history.note({ what: "fault", ...report }), broken.reject);
    begun.push(done);
  }
  await Promise.race([sleep(Math.max(0, lengthMs - history.sinceMs())), broken.promise]);
  return await Promise.all(begun);
}

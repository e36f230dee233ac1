/** Injects the faults of a plan when their time has come. */

import { setTimeout as sleep } from "node:timers/promises";
import { type FaultParts, type FaultReport, inject } from "./faults.ts";
import type { History } from "./history.ts";
import type { Fault } from "./plan.ts";

/** Each at its time, however long the ones before it take. */
export async function injectAll(
  plan: readonly Fault[],
  lengthMs: number,
  history: History,
  parts: FaultParts,
): Promise<readonly FaultReport[]> {
  const begun: Promise<FaultReport>[] = [];
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  for (const fault of plan) {
    await Promise.race([sleep(Math.max(0, fault.atMs - history.sinceMs())), broken.promise]);
    const done = inject(fault, parts, () => history.sinceMs());
    done.then((report) => history.note({ what: "fault", ...report }), broken.reject);
    begun.push(done);
  }
  await Promise.race([sleep(Math.max(0, lengthMs - history.sinceMs())), broken.promise]);
  return await Promise.all(begun);
}

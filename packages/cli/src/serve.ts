/** The two long-lived things that the command starts, from their options to the end of their process. */

import { join } from "node:path";
import { FaultError, faultOf, messageOf, type Service, type StopMode, systemCodeOf } from "@haversack/base";
import type { Coordinator, CoordinatorAsked } from "@haversack/coordinator";
import { readLocal } from "./connect.ts";
import { EnvironmentError } from "./exit-codes.ts";
import type { Outside } from "./outside.ts";

/** The web page as `npm run dashboard:build` leaves it. */
const pageDir = join(import.meta.dirname, "../../dashboard/dist");

/** A service whose own end is news. */
export interface Lasting extends Service {
  /** Rejects when it fails while it runs. */
  readonly ended: Promise<void>;
}

/** Creates and starts; what is in the way is told as such, with the pid that has the port or the folder. */
export async function openCoordinator(
  asked: CoordinatorAsked & { readonly dataDir: string },
  outside: Outside,
  logFile?: string,
): Promise<Coordinator> {
  const { createCoordinator } = await import("@haversack/coordinator");
  const { clock, random, env } = outside;
  const coordinator = createCoordinator({ pageDir, ...asked }, env, {
    clock,
    random,
    log: outside.openLog("coordinator", logFile),
  });
  try {
    await coordinator.start(outside.stopping);
    return coordinator;
  } catch (error) {
    if (outside.stopping.aborted) throw new FaultError("cancelled", "interrupted", "interrupted");
    throw await explained(error, asked.dataDir, outside);
  }
}

async function explained(error: unknown, dataDir: string, outside: Outside): Promise<unknown> {
  const fault = faultOf(error);
  const isOurs = fault === "invalid" || fault === "missing" || fault === "corrupt";
  if (isOurs || (fault === "bug" && systemCodeOf(error) === undefined)) return error;
  const other = await readLocal(dataDir);
  const holder =
    other !== undefined && outside.isAlive(other.pid)
      ? `\n  A coordinator runs here already: pid ${other.pid}, ${other.url}. Use it, or stop it first.`
      : "";
  const code = error instanceof FaultError ? error.code : "not_started";
  return new EnvironmentError(code, `the coordinator does not start: ${messageOf(error)}${holder}`, {
    cause: error,
  });
}

/** Resolves when an interrupt asks for the end; rejects when one of the services failed. */
export async function untilInterrupted(services: readonly Lasting[], outside: Outside): Promise<void> {
  const interrupted = Promise.withResolvers<void>();
  const onAbort = (): void => interrupted.resolve();
  if (outside.stopping.aborted) onAbort();
  outside.stopping.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([interrupted.promise, ...services.map((service) => service.ended)]);
  } finally {
    outside.stopping.removeEventListener("abort", onAbort);
  }
}

/** A second interrupt turns `drain` into `now`. */
export async function stopInOrder(service: Service, mode: StopMode, outside: Outside): Promise<void> {
  if (mode === "now" || outside.hurrying.aborted) return service.stop("now");
  const hurry = (): void => void service.stop("now").catch(() => {});
  outside.hurrying.addEventListener("abort", hurry, { once: true });
  try {
    await service.stop("drain");
  } finally {
    outside.hurrying.removeEventListener("abort", hurry);
  }
}

/** Says what an interrupt has begun and what the next one does; nothing when the end has another reason. */
export function tellStop(
  first: string,
  second: string,
  { stopping, hurrying }: Pick<Outside, "stopping" | "hurrying">,
  note: (text: string) => void,
): void {
  if (!stopping.aborted) return;
  note(first);
  if (hurrying.aborted) note(second);
  else hurrying.addEventListener("abort", () => note(second), { once: true });
}

/** Waits until a container is healthy: two successes in a row, within its time. An end of the container ends the waiting. */

import { FaultError, formatDuration, messageOf, pause } from "@haversack/base";
import type { DeployHealth } from "@haversack/protocol";
import type { ContainerView } from "../runtime/container.ts";
import { checkAlive, livesFor } from "./life.ts";
import type { Deploy } from "./parts.ts";
import { type Probing, probeOnce } from "./probe.ts";

/** Of process 1, for every container. */
export const aliveMs = 2000;
/** In all, where no health is asked for. */
const quietMs = 5000;
const successesNeeded = 2;
/** After the first probe; doubled each time up to the interval, so that whoever is well soon does not wait for that. */
const firstPauseMs = 250;
const code = "unhealthy";

type Waiting = Pick<Deploy, "runtime" | "ports" | "signal">;

/** Rejects `unhealthy` with the last reason, or with how the container ended. @param started just after its start */
export async function untilHealthy(
  deploy: Waiting,
  started: ContainerView,
  health: DeployHealth | undefined,
): Promise<void> {
  if (health === undefined) return await livesFor(deploy, started, quietMs - aliveMs);
  const { clock } = deploy.ports;
  const until = clock.monotonic() + health.withinMs;
  let successes = 0;
  let why = "";
  for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
    await checkAlive(deploy, started);
    const problem = await probe(deploy, started, health);
    successes = problem === undefined ? successes + 1 : 0;
    if (successes >= successesNeeded) return;
    why = problem ?? why;
    const left = until - clock.monotonic();
    if (left <= 0) break;
    // Meanwhile an end is noticed at once.
    await livesFor(deploy, started, Math.min(pauseMs, health.intervalMs, left));
  }
  const last = why === "" ? "it answered once, and there was no time for a second answer" : why;
  const message = `the container ${started.name} was not healthy within ${formatDuration(health.withinMs)}: ${last}`;
  throw new FaultError("unavailable", code, message);
}

/** Undefined: it is well. Never rejects but for the signal. */
async function probe(
  { runtime, signal, ports }: Waiting,
  view: ContainerView,
  health: DeployHealth,
): Promise<string | undefined> {
  const ending = new AbortController();
  const timer = ports.clock.after(health.timeoutMs, () => ending.abort());
  const both = AbortSignal.any([signal, ending.signal]);
  const probing: Probing = { runtime, view, health, signal: both };
  try {
    return await probeOnce(probing);
  } catch (error) {
    signal.throwIfAborted();
    return ending.signal.aborted ? `no answer within ${formatDuration(health.timeoutMs)}` : messageOf(error);
  } finally {
    timer.cancel();
  }
}

/** Healthy now: one success, and not more than the usual patience. */
export async function isHealthy(
  deploy: Waiting,
  view: ContainerView,
  health: DeployHealth | undefined,
): Promise<boolean> {
  if (view.state !== "running") return false;
  if (health === undefined) return true;
  for (let tries = 1; tries <= 2; tries++) {
    if ((await probe(deploy, view, health)) === undefined) return true;
    await pause(deploy.ports.clock, Math.min(health.intervalMs, 1000), deploy.signal);
  }
  return false;
}

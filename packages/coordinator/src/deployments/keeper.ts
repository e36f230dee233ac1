/** Removes deployments whose time is over, and forgets names under which nothing has stood for long. Of several coordinators the leader does it. */

import { Background, type Ms, messageOf, type Ports, pause, type Service } from "@haversack/base";
import { isOver, type Lead, type Leadership } from "../leadership/leadership.ts";
import type { DeploymentRow } from "../runs/deployment-row.ts";
import { type OwnRunParts, startUndeploy } from "./own-runs.ts";

export interface DeploymentKeeperParts extends OwnRunParts {
  readonly ports: Ports;
  readonly leadership: Pick<Leadership, "whenLeading">;
}

/** How late an expiry may be noticed that came after the last look. */
const lookEachMs: Ms = 1000;
const perRound = 100;
const forgetEachMs: Ms = 3_600_000;
/** Much longer than a worker that has containers of the name is away. */
const forgetAfterMs: Ms = 90 * 86_400_000;

export function deploymentKeeper(parts: DeploymentKeeperParts, onFailure: (error: unknown) => void): Service {
  const { store, leadership, ports } = parts;
  const { clock, log } = ports;
  let forgotAt = 0;

  /** @returns how long nothing is due, as far as it knows */
  async function round(signal: AbortSignal): Promise<Ms> {
    const lead = await leadership.whenLeading(signal);
    const now = clock.now();
    const { due, nextDue } = await store.read.deploymentsDue({ now, limit: perRound });
    for (const row of due) await expire(row, lead);
    if (now - forgotAt >= forgetEachMs) {
      forgotAt = now;
      await store.write.deploymentsForget({ changedBefore: now - forgetAfterMs, limit: 10_000, ...lead });
    }
    return nextDue === undefined ? lookEachMs : Math.min(lookEachMs, Math.max(50, nextDue - clock.now()));
  }

  async function expire({ name, expiresAt = 0 }: DeploymentRow, lead: Lead): Promise<void> {
    // The same key whoever starts it, and however often: one run.
    const key = `deployment/expire/${name}/${expiresAt}`;
    const run = await startUndeploy(parts, { name, volumes: false, key });
    await store.write.deploymentExpiring({ name, expiresAt, now: clock.now(), ...lead });
    log.info({ deployment: name, run }, "the time of a deployment is over");
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await round(signal).catch((error: unknown) => {
        signal.throwIfAborted();
        if (!isOver(error))
          log.error({ error: messageOf(error) }, "deployments whose time is over; trying again");
        return lookEachMs;
      });
      await pause(clock, waitMs, signal);
    }
  }

  return new Background("deployment-keeper", run, onFailure);
}

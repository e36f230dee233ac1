/** From what an engine lists to what the coordinator is told: one look at all containers of this worker. */

import type { ObservedDeployment } from "@haversack/protocol";
import { makeMasker } from "../mask/masker.ts";
import type { ContainerView } from "../runtime/container.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { isHealthy } from "./health.ts";
import { type Deployed, readLabels } from "./labels.ts";
import { lastLines } from "./life.ts";
import type { LiveNames } from "./live-names.ts";
import type { DeployParts } from "./parts.ts";
import { readRecord } from "./record.ts";

export interface Looking extends DeployParts {
  readonly runtime: Runtime;
  readonly live: LiveNames;
  readonly signal: AbortSignal;
}

/** Last lines of what ended: its log is read once. */
export type EndedLines = Map<string, string>;

/** Of this worker, of whatever state. Pure. */
export function ownOf(views: readonly ContainerView[], workerId: string): Deployed[] {
  return views.flatMap((view) => {
    const found = readLabels(view);
    return found?.worker === workerId ? [found] : [];
  });
}

export async function observe(
  looking: Looking,
  found: Deployed,
  lines: EndedLines,
): Promise<ObservedDeployment> {
  const { view } = found;
  const busy = looking.live.has(found.name);
  const state = await stateOf(looking, found);
  const isUp = state === "running" && !busy;
  const healthy = isUp ? await healthOf(looking, found) : undefined;
  return {
    name: found.name,
    revision: found.revision,
    spec: found.spec,
    container: view.id,
    state,
    ...(view.state === "exited" && view.exitCode !== undefined && { exitCode: view.exitCode }),
    ...(view.state === "exited" && { lastLines: await linesOf(looking, found, lines) }),
    ...(view.startedAt !== undefined && { startedAt: view.startedAt }),
    ...(healthy !== undefined && { healthy }),
    busy,
  };
}

/** It does not run, and what it would read is gone. */
export async function stateOf(
  { secretFiles }: Pick<Looking, "secretFiles">,
  found: Deployed,
): Promise<ObservedDeployment["state"]> {
  const { state } = found.view;
  if (state === "running" || !found.hasSecrets) return state;
  return (await secretFiles.isFilled(found)) ? state : "needs-secrets";
}

/** Changes nothing but what is shown. */
async function healthOf(looking: Looking, found: Deployed): Promise<boolean | undefined> {
  const record = await readRecord(looking.dataFolder, found);
  if (record?.health === undefined) return undefined;
  return await isHealthy(looking, found.view, record.health).catch(() => undefined);
}

async function linesOf(
  { runtime, secretFiles, signal }: Looking,
  found: Deployed,
  known: EndedLines,
): Promise<string> {
  const { view } = found;
  const key = `${view.id} ${view.finishedAt ?? ""}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const masker = makeMasker(await secretFiles.values(found));
  const text = masker.text(await lastLines(runtime, view.id, signal));
  known.set(key, text);
  return text;
}

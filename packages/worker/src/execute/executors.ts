/** What does the work of each kind of step, and what a step may have of its host. */

import type { Ports } from "@haversack/base";
import { type SnapshotDescriptor, tracingOf, type WorkerId } from "@haversack/protocol";
import type { WorkerSettings } from "../config/settle.ts";
import type { DeployHost } from "../deploy/open-deploy.ts";
import type { SnapshotCache } from "../hydrate/snapshot-cache.ts";
import { version } from "../version.ts";
import { AgentExecutor } from "./agent-executor.ts";
import { CommandExecutor } from "./command-executor.ts";
import { deployExecutor } from "./deploy-executor.ts";
import { onlyDeploys } from "./no-deploy.ts";
import { hostSecrets } from "./secret-source.ts";
import type { StepHost } from "./step-host.ts";

export interface ExecutorParts {
  readonly ports: Ports;
  /** The worker's own environment; steps see an allow-list of it. */
  readonly hostEnv: ReadonlyMap<string, string>;
  readonly workerId: WorkerId;
  readonly host: StepHost;
  readonly cache: SnapshotCache;
  readonly settings: Pick<WorkerSettings, "snapshotLimits" | "traces" | "name">;
  /** Absent: it runs no containers. */
  readonly deploy: DeployHost | undefined;
  /** The worker stops without waiting. */
  readonly hurry: AbortSignal;
}

/** Files elsewhere are no secrets. */
const secretFolders = ["/run/secrets", "/run/credentials"];

export function openExecutors({ cache, settings, hurry, deploy: deploys, ...common }: ExecutorParts) {
  const { snapshotLimits, name } = settings;
  const run = new CommandExecutor(common);
  const packFile = (snapshot: SnapshotDescriptor): Promise<string> => cache.fileOf(snapshot, hurry);
  const agent = new AgentExecutor({
    ...common,
    nodePath: process.execPath,
    packFile,
    dropPack: ({ digest }) => cache.forget(digest),
    snapshotLimits,
  });
  const deploy = deployExecutor(deploys, packFile);
  const secrets = hostSecrets({ hostEnv: common.hostEnv, fileFolders: secretFolders });
  const tracing = tracingOf(settings.traces, version, common.ports);
  const attributes = { "haversack.worker.id": common.workerId, "haversack.worker.name": name };
  const others =
    deploys?.parts.settings.takes === "deploys" ? { run: onlyDeploys, agent: onlyDeploys } : { run, agent };
  return { executors: { ...others, deploy }, secrets, traces: { tracing, attributes } };
}

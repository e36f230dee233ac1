/** What a worker adds when it runs containers: opened with the worker's own settings, or not at all. */

import type { Ports } from "@haversack/base";
import type { WorkerHello, WorkerId } from "@haversack/protocol";
import type { WorkerSettings } from "../config/settle.ts";
import type { RegistryVault } from "../images/logins.ts";
import { openImages } from "../images/open-images.ts";
import { openRuntime } from "../runtime/open-runtime.ts";
import type { LogSender } from "./deployment-logs.ts";
import { type DeployHost, type OpenDeployParts, openDeploy } from "./open-deploy.ts";

export interface WorkerDeployParts extends Pick<OpenDeployParts, "hostEnv" | "uplink"> {
  readonly settings: WorkerSettings;
  readonly workerId: WorkerId;
  /** The worker's own. */
  readonly folder: string;
  readonly sender: LogSender;
  readonly ports: Ports;
  readonly vault: RegistryVault;
}

/** Undefined: nobody asked for it. */
export async function openWorkerDeploy(parts: WorkerDeployParts): Promise<DeployHost | undefined> {
  const { settings, hostEnv, ports, folder: dataDir } = parts;
  if (settings.deploy === undefined) return undefined;
  return await openDeploy({
    ...parts,
    dataDir,
    settings: settings.deploy,
    openRuntime: ({ name, socket }) =>
      openRuntime({ engine: name, socket }, { clock: ports.clock, env: Object.fromEntries(hostEnv) }),
    openImages: (runtime, kind) =>
      openImages({ ...parts, dataDir, runtime, kind, settings: settings.images }),
  });
}

export type { DeployHost };

/** Of a worker that runs none: nothing. */
export const toldOf = (deploy: DeployHost | undefined): Partial<Pick<WorkerHello, "engine" | "images">> =>
  deploy?.told() ?? {};

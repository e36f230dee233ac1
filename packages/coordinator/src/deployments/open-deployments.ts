/** The parts that make and keep deployments, wired. */

import type { Ports, Service } from "@haversack/base";
import type { DeployParts } from "../dispatch/begin-deploy.ts";
import type { ImageContent } from "../dispatch/deploy-work.ts";
import type { BesideListener } from "../dispatch/session.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import { DeploymentLogs } from "./deployment-logs.ts";
import { type DeploymentKeeperParts, deploymentKeeper } from "./keeper.ts";
import { deploymentListener, type ListenerParts } from "./listener.ts";

interface DeployAsked {
  readonly store: Store;
  readonly vault: Vault;
  readonly ports: Ports;
  /** The base image of the moment; absent: there is none. */
  readonly image?: () => ImageContent;
}

/** What the task of a deploy is made with. */
export function deployParts({ store, vault, ports, image = () => ({}) }: DeployAsked): DeployParts {
  let named: Promise<string> | undefined;
  return {
    store,
    now: () => ports.clock.now(),
    image,
    cluster: async () => {
      named ??= store.write.fleetName({ fresh: ports.random.id() });
      named.catch(() => {
        named = undefined;
      });
      return await named;
    },
    secretVersions: async (names) => {
      const wanted = new Set(names);
      const known = await vault.list();
      return new Map(known.flatMap(({ name, version }) => (wanted.has(name) ? [[name, version]] : [])));
    },
  };
}

export interface DeploymentsParts extends ListenerParts, DeploymentKeeperParts {
  readonly store: Store;
  readonly ports: Ports;
  readonly registry: WorkerRegistry;
  readonly onFailure: (error: unknown) => void;
}

export interface Deployments {
  readonly listener: BesideListener;
  readonly keeper: Service;
  readonly deploymentLogs: DeploymentLogs;
}

export function openDeployments(parts: DeploymentsParts): Deployments {
  const { store, registry, ports, onFailure } = parts;
  return {
    listener: deploymentListener(parts),
    keeper: deploymentKeeper(parts, onFailure),
    deploymentLogs: new DeploymentLogs({ store, registry, clock: ports.clock }),
  };
}

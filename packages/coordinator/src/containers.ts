/** What has to do with containers on workers' hosts, put together: the base image, and what is deployed. */

import type { Ports } from "@haversack/base";
import { type DeploymentsParts, deployParts, openDeployments } from "./deployments/open-deployments.ts";
import { type ImagesParts, openImages } from "./images/open-images.ts";
import type { Vault } from "./secrets/vault.ts";
import type { Store } from "./store/store.ts";

export interface ContainersParts extends ImagesParts {
  readonly store: Store;
  readonly vault: Vault;
  readonly ports: Ports;
}

/** Rejects with FaultError `invalid` for files of images that cannot be used. */
export async function openContainers({ vault, ...parts }: ContainersParts) {
  const { store, ports } = parts;
  const images = await openImages(parts);
  return {
    /** What the tasks of deploys are made with. */
    deploys: deployParts({ store, vault, ports, image: () => images.bases.known }),
    images: images.service,
    /** What needs the fleet to be there. */
    tend(fleet: DeploymentsParts) {
      const { listener, keeper, deploymentLogs } = openDeployments(fleet);
      const { snapshots } = fleet;
      const served = { beside: [images.listener, listener], desk: images.desk, snapshots, deploymentLogs };
      return { served, keeper };
    },
  };
}

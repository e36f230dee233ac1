/** To which fleet the containers of this worker belong: learned from the first task, and remembered over restarts. */

import { join } from "node:path";
import { messageOf, type Ports, readIfThere, writeDurably } from "@haversack/base";

export interface ClusterFile {
  /** Undefined: no task has come yet, so nothing was deployed. */
  current(): Promise<string | undefined>;
  learn(cluster: string): void;
}

export function clusterFile(dataFolder: string, { log }: Ports): ClusterFile {
  const path = join(dataFolder, "deployments", "cluster");
  let known: string | undefined;
  return {
    async current() {
      known ??= (await readIfThere(path).catch(() => undefined))?.toString("utf8").trim() || undefined;
      return known;
    },
    learn(cluster) {
      if (cluster === known) return;
      known = cluster;
      writeDurably(path, cluster).catch((error: unknown) =>
        log.warn({ path, error: messageOf(error) }, "to which fleet deployments belong was not written down"),
      );
    },
  };
}

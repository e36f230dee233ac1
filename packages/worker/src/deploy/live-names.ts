/** Which deployments an attempt of this worker is at work on: nothing is concluded from what is seen of them meanwhile. */

import type { DeployWork } from "@haversack/protocol";

export interface LiveNames {
  /** @returns to be called when the attempt has ended */
  begin(work: DeployWork): () => void;
  has(name: string): boolean;
  /** An attempt ended. */
  onEnd(call: () => void): void;
  /** To which fleet the tasks of this worker belong; undefined: none has come yet. */
  onCluster(call: (cluster: string) => void): void;
}

export function liveNames(): LiveNames {
  const counts = new Map<string, number>();
  const enders = new Set<() => void>();
  const clusters = new Set<(cluster: string) => void>();
  return {
    begin({ name, cluster }) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      for (const call of clusters) call(cluster);
      return () => {
        const left = (counts.get(name) ?? 1) - 1;
        if (left === 0) counts.delete(name);
        else counts.set(name, left);
        for (const call of enders) call();
      };
    },
    has: (name) => counts.has(name),
    onEnd: (call) => void enders.add(call),
    onCluster: (call) => void clusters.add(call),
  };
}

/**
 * Which deployments an attempt of this worker is at work on: nothing is concluded from what is seen of them meanwhile. And
 * whose turn it is: whoever changes containers of a name, an attempt or the observer, does so alone.
 */

import type { DeployWork } from "@haversack/protocol";
import { Turn } from "../images/turn.ts";

export interface LiveNames {
  /** @returns to be called when the attempt has ended */
  begin(work: DeployWork): () => void;
  has(name: string): boolean;
  /**
   * The work begins when everybody who asked earlier for the name is done. Rejects with the reason of the signal when that
   * fires first; what has begun is not interrupted.
   */
  alone<T>(name: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
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
    alone: turns(),
    onEnd: (call) => void enders.add(call),
    onCluster: (call) => void clusters.add(call),
  };
}

function turns(): LiveNames["alone"] {
  const names = new Map<string, { readonly turn: Turn; users: number }>();
  return async (name, work, signal) => {
    const of = names.get(name) ?? { turn: new Turn(), users: 0 };
    names.set(name, of);
    of.users += 1;
    try {
      const done = await of.turn.take(signal);
      return await work().finally(done);
    } finally {
      of.users -= 1;
      if (of.users === 0) names.delete(name);
    }
  };
}

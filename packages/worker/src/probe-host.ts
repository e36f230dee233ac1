/** What a worker could do on this host, without being one: for `haversack doctor`. */

import type { Ports } from "@haversack/base";
import { openStepHost } from "./execute/step-host.ts";

export interface HostAbilities {
  /** How the processes of a step would be ended: `pid-namespace`, `cgroup` or `sweep`. */
  readonly ending: string;
  /** How limits would be kept: `hard`, `soft` or `none`. */
  readonly limits: string;
}

/** Starts and ends a few processes. @param path folders of programs, as in PATH */
export async function probeHost(path: string, ports: Ports): Promise<HostAbilities> {
  const { ending, limits } = await openStepHost({ ending: "auto", workerId: ports.random.id(), path }, ports);
  return { ending, limits };
}

/** Deployments, as a client uses them. */

import type { Client } from "@connectrpc/connect";
import { each, once } from "./calls.ts";
import type { DeploymentInfo } from "./model/deployment-info.ts";
import type { DeploymentService } from "./services.ts";
import { deploymentFromWire } from "./wire/deployment-info-wire.ts";
import { required } from "./wire/fields.ts";

/** Every method rejects with a FaultError. */
export interface DeploymentClient {
  /** By name. @param worker id or name; absent: all */
  deployments(worker: string | undefined, signal: AbortSignal): Promise<readonly DeploymentInfo[]>;
  deployment(name: string, signal: AbortSignal): Promise<DeploymentInfo>;
  /** @returns the run that removes it; undefined: it was given up, and none is needed */
  undeploy(
    name: string,
    asked: { readonly volumes: boolean; readonly abandon: boolean },
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /** @returns the run that deploys what was deployed last */
  redeploy(name: string, signal: AbortSignal): Promise<string>;
  /** What the container writes. @param asked.tail lines from the end; 0: all */
  deploymentLog(
    name: string,
    asked: { readonly tail: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}

export function deploymentClient(client: Client<typeof DeploymentService>): DeploymentClient {
  return {
    async deployments(worker = "", signal) {
      const answer = await once(client.listDeployments({ worker }, { signal }), signal);
      return answer.deployments.map(deploymentFromWire);
    },
    async deployment(name, signal) {
      const answer = await once(client.getDeployment({ name }, { signal }), signal);
      return deploymentFromWire(required(answer.deployment, "deployment"));
    },
    async undeploy(name, asked, signal) {
      const { runId } = await once(client.undeploy({ name, ...asked }, { signal }), signal);
      return runId === "" ? undefined : runId;
    },
    async redeploy(name, signal) {
      return (await once(client.redeploy({ name }, { signal }), signal)).runId;
    },
    async *deploymentLog(name, asked, signal) {
      for await (const { data } of each(client.readDeploymentLog({ name, ...asked }, { signal }), signal))
        yield data;
    },
  };
}

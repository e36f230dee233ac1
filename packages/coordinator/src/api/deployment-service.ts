/** DeploymentService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { type Clock, FaultError } from "@haversack/base";
import { type DeploymentInfo, type DeploymentService, deploymentToWire } from "@haversack/protocol";
import { isSlug } from "../dag/slug.ts";
import { deploymentInfo } from "../deployments/deployment-info.ts";
import type { DeploymentLogs } from "../deployments/deployment-logs.ts";
import { nothingToRepeat, type OwnRunParts, startRedeploy, startUndeploy } from "../deployments/own-runs.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import { noDeployment } from "../store/verbs/deployment-reads.ts";

export interface DeploymentServiceParts extends OwnRunParts {
  readonly registry: WorkerRegistry;
  readonly clock: Clock;
  readonly deploymentLogs: DeploymentLogs;
  /** Fires when the coordinator stops. */
  readonly stopping: AbortSignal;
}

const rowsPerLook = 500;
const tailMax = 1_000_000;

export function deploymentService(parts: DeploymentServiceParts): ServiceImpl<typeof DeploymentService> {
  const { store, registry, clock, deploymentLogs, stopping } = parts;
  const isShared = store.shared !== undefined;
  const info = async (name: string): Promise<DeploymentInfo> => {
    const stored = await store.read.deploymentRead({ name: checked(name) });
    const told = deploymentInfo(stored, { registry, isShared, now: clock.now() });
    if (told === undefined) throw noDeployment(name);
    return told;
  };
  return {
    async listDeployments({ worker }) {
      const deployments = await list(parts);
      const asked = deployments.filter(
        ({ workerId, workerName }) => worker === "" || workerId === worker || workerName === worker,
      );
      return { deployments: asked.map(deploymentToWire) };
    },
    async getDeployment({ name }) {
      return { deployment: deploymentToWire(await info(name)) };
    },
    async undeploy({ name, volumes, abandon }) {
      const { workerId, workerName, state } = await info(name);
      if (!abandon) return { runId: await startUndeploy(parts, { name, volumes }) };
      if (state !== "unknown" || (workerId !== undefined && registry.get(workerId) !== undefined)) {
        const message = `${name} stands on ${workerName ?? "a worker"}, which is connected: haversack undeploy ${name}`;
        throw new FaultError("conflict", "not_lost", message);
      }
      await store.write.deploymentAbandon({ name, now: clock.now() });
      return {};
    },
    async redeploy({ name }) {
      const { row } = await store.read.deploymentRead({ name: checked(name) });
      if (row.content === undefined) throw nothingToRepeat(name);
      return { runId: await startRedeploy(parts, name, row.content) };
    },
    async *readDeploymentLog({ name, tail, follow }, context) {
      const signal = AbortSignal.any([context.signal, stopping]);
      const asked = { name: checked(name), tail: Math.min(tail, tailMax), follow };
      for await (const data of deploymentLogs.read(asked, signal)) yield { data };
    },
  };
}

/** Id of the worker that a deployment stands on; undefined: it stands nowhere, or the name is none. */
export const standsOn =
  ({ store }: Pick<DeploymentServiceParts, "store">) =>
  async (name: string): Promise<string | undefined> =>
    isSlug(name) ? (await store.read.deploymentRead({ name })).row.workerId : undefined;

async function list({ store, registry, clock }: DeploymentServiceParts): Promise<DeploymentInfo[]> {
  const all: DeploymentInfo[] = [];
  let after = "";
  for (;;) {
    const page = await store.read.deploymentsList({ after, limit: rowsPerLook });
    const now = clock.now();
    all.push(
      ...page.flatMap(
        (stored) => deploymentInfo(stored, { registry, isShared: store.shared !== undefined, now }) ?? [],
      ),
    );
    const last = page.at(-1);
    if (last === undefined || page.length < rowsPerLook) return all;
    after = last.row.name;
  }
}

function checked(name: string): string {
  if (isSlug(name)) return name;
  const message =
    "a deployment is named in lower-case letters and digits, joined by single hyphens, at most 64 in all";
  throw new FaultError("invalid", "bad_deployment_name", message);
}

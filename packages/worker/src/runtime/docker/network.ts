/**
 * The network of a cluster's containers on a host: made when the first one wants it, gone with the last one. The default
 * network of an engine may not exist, and is shared with everybody.
 */

import { abortable } from "@haversack/base";
import { cancelled } from "../runtime-faults.ts";
import { type Engine, engineCall } from "./engine.ts";

export const clusterLabel = "haversack.cluster";

/** One after the other: a network is not removed between its making and that of the container in it. */
async function inTurn<T>({ networks }: Engine, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const before = networks.turn;
  const mine = Promise.withResolvers<void>();
  // Who gives up waiting lets nobody pass before the one who is at it.
  networks.turn = before.then(() => mine.promise);
  try {
    await abortable(before, signal).catch((error: unknown) => {
      throw cancelled("waiting for the network of the containers", error);
    });
    return await work();
  } finally {
    mine.resolve();
  }
}

/** @param make a container, in the network of this name */
export async function inNetwork<T>(
  engine: Engine,
  cluster: string,
  make: (network: string) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const name = networkName(cluster);
  return await inTurn(
    engine,
    async () => {
      await engineCall(`making network ${name}`, signal, () => ensure(engine, { name, cluster }, signal));
      return await make(name);
    },
    signal,
  );
}

/** Nothing happens while the cluster has a container left. Never rejects: a network that is left harms nobody. */
export async function removeIdleNetwork(engine: Engine, cluster: string, signal: AbortSignal): Promise<void> {
  const filters = { label: [`${clusterLabel}=${cluster}`] };
  await inTurn(
    engine,
    async () => {
      const left = await engine.docker.listContainers({ all: true, limit: 1, filters, abortSignal: signal });
      if (left.length > 0 || !(await has(engine, networkName(cluster), signal))) return;
      await engine.docker.getNetwork(networkName(cluster)).remove({ abortSignal: signal });
    },
    signal,
  ).catch(() => {});
}

function networkName(cluster: string): string {
  return `haversack-${cluster.replaceAll(/[^\w.-]/g, "-") || "containers"}`;
}

async function ensure(
  engine: Engine,
  { name, cluster }: { readonly name: string; readonly cluster: string },
  signal: AbortSignal,
): Promise<void> {
  if (await has(engine, name, signal)) return;
  try {
    const Labels = { [clusterLabel]: cluster };
    await engine.docker.createNetwork({
      Name: name,
      Driver: "bridge",
      CheckDuplicate: true,
      Labels,
      abortSignal: signal,
    });
  } catch (error) {
    // Another worker on this host was faster.
    if (signal.aborted || !(await has(engine, name, signal))) throw error;
  }
}

/** By exact name: the filter of the list finds parts of names. */
async function has({ docker }: Engine, name: string, signal: AbortSignal): Promise<boolean> {
  const found = await docker.listNetworks({ filters: { name: [name] }, abortSignal: signal });
  return found.some(({ Name }) => Name === name);
}

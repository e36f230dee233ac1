/** Which workers a command about images means. */

import { FaultError } from "@haversack/base";
import type { HaversackClient } from "@haversack/protocol";

export interface Target {
  /** Its id. */
  readonly worker: string;
  readonly name: string;
  readonly ref: string;
}

export interface TargetsAsked {
  /** Names or ids. */
  readonly workers: readonly string[];
  /** Workers with this label `pool`. */
  readonly pool?: string | undefined;
  readonly ref: string;
}

/** Without a name: the only connected worker with a container engine. Throws FaultError `invalid` or `missing`. */
export async function targetsOf(
  client: HaversackClient,
  { workers, pool, ref }: TargetsAsked,
  signal: AbortSignal,
): Promise<readonly Target[]> {
  if (workers.length > 0) return workers.map((worker) => ({ worker, name: worker, ref }));
  const { engines } = await client.images("", signal);
  const able = (await client.workers(signal)).filter(
    ({ id, connected }) => connected && engines.get(id) !== undefined,
  );
  const meant = pool === undefined ? able : able.filter(({ labels }) => labels.get("pool") === pool);
  if (meant.length === 0) {
    const where = pool === undefined ? "" : ` of pool ${pool}`;
    throw new FaultError("missing", "no_worker", `no worker${where} is connected and has a container engine`);
  }
  if (pool === undefined && meant.length > 1) {
    const names = meant.map(({ name }) => name).join(", ");
    throw new FaultError(
      "invalid",
      "which_worker",
      `several workers have images: name one with --worker (${names})`,
    );
  }
  return meant.map(({ id, name }) => ({ worker: id, name, ref }));
}

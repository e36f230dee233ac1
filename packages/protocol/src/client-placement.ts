/** Why a step waits, and the pools that steps share, as a client uses them. */

import type { Client } from "@connectrpc/connect";
import { once } from "./calls.ts";
import type { PoolInfo, StepExplanation } from "./model/explanation.ts";
import type { PlacementService } from "./services.ts";
import { required } from "./wire/fields.ts";
import { explanationFromWire, poolFromWire } from "./wire/placement-wire.ts";

/** Every method rejects with a FaultError. */
export interface PlacementClient {
  /** Why a step has not started. */
  explain(runId: string, stepId: string, signal: AbortSignal): Promise<StepExplanation>;
  /** By name. */
  pools(signal: AbortSignal): Promise<readonly PoolInfo[]>;
  /** @param limit units; 0 lets nothing start */
  setPool(name: string, limit: number, signal: AbortSignal): Promise<{ pool: PoolInfo; created: boolean }>;
  deletePool(name: string, signal: AbortSignal): Promise<void>;
}

export function placementClient(client: Client<typeof PlacementService>): PlacementClient {
  return {
    async explain(runId, stepId, signal) {
      return explanationFromWire(await once(client.explain({ runId, stepId }, { signal }), signal));
    },
    async pools(signal) {
      return (await once(client.listPools({}, { signal }), signal)).pools.map(poolFromWire);
    },
    async setPool(name, limit, signal) {
      const answer = await once(client.setPool({ name, limit }, { signal }), signal);
      return { pool: poolFromWire(required(answer.pool, "pool")), created: answer.created };
    },
    async deletePool(name, signal) {
      await once(client.deletePool({ name }, { signal }), signal);
    },
  };
}

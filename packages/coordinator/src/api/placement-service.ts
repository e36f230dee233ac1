/** PlacementService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { FaultError } from "@haversack/base";
import { explanationToWire, type PlacementService, parseRunId, poolToWire } from "@haversack/protocol";
import { isSlug } from "../dag/slug.ts";
import { type ExplainParts, explainStep } from "../dispatch/explainer.ts";

const unitsMax = 1_000_000;

export function placementService(parts: ExplainParts): ServiceImpl<typeof PlacementService> {
  const { store } = parts;
  return {
    async explain({ runId, stepId }) {
      return explanationToWire(await explainStep(parts, parseRunId(runId), stepId));
    },
    async listPools() {
      return { pools: (await store.read.poolsList()).map(poolToWire) };
    },
    async setPool({ name, limit }) {
      checkPool(name, limit);
      const { pool, created } = await store.write.poolSet({ name, limit });
      return { pool: poolToWire(pool), created };
    },
    async deletePool({ name }) {
      await store.write.poolDelete({ name });
      return {};
    },
  };
}

function checkPool(name: string, limit: number): void {
  if (!isSlug(name)) {
    const message = `a pool is named in lower-case letters and digits, joined by single hyphens, at most 64 in all`;
    throw new FaultError("invalid", "bad_pool", message);
  }
  if (limit > unitsMax) {
    throw new FaultError("invalid", "bad_pool", `a pool has at most ${unitsMax} units, not ${limit}`);
  }
}

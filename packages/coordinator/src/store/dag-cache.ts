/** DAGs by digest, parsed once. A digest never changes its meaning, so nothing here is ever stale. */

import { present } from "@haversack/base";
import { allSteps, type DagSpec, type Digest } from "@haversack/protocol";
import { type Condition, conditionOf } from "../runs/conditions.ts";
import { type DagGraph, graphOf } from "../runs/graph.ts";
import { json } from "./rows.ts";
import type { Tx } from "./statement.ts";
import { dagGet } from "./statements/dag.ts";

export interface CachedDag {
  readonly spec: DagSpec;
  readonly graph: DagGraph;
  /** The `if` of each step, by its position. */
  readonly conditions: readonly (Condition | undefined)[];
}

const entriesMax = 200;

export class DagCache {
  readonly #entries = new Map<string, CachedDag>();

  async get(tx: Tx, digest: Digest): Promise<CachedDag> {
    const known = this.#entries.get(digest);
    if (known !== undefined) return known;
    const row = present(await tx.one(dagGet, digest), `DAG ${digest}`);
    const spec = json<DagSpec>(row, "spec");
    const entry = { spec, graph: graphOf(spec), conditions: allSteps(spec).map(conditionOf) };
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size >= entriesMax && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(digest, entry);
    return entry;
  }
}

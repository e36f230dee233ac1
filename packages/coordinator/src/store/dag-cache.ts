/** DAGs by digest, parsed once. A digest never changes its meaning, so nothing here is ever stale. */

import { present } from "@haversack/base";
import {
  allSteps,
  type DagSpec,
  type Digest,
  itemAt,
  itemIndex,
  itemOfId,
  type StepId,
  stepAt,
  stepIdAt,
} from "@haversack/protocol";
import { type Condition, conditionOf } from "../runs/conditions.ts";
import type { DataPath } from "../runs/expression-parse.ts";
import { pathsOf } from "../runs/expressions.ts";
import { type DagGraph, graphOf } from "../runs/graph.ts";
import { templatesOf } from "../runs/templates.ts";
import { json } from "./rows.ts";
import type { Tx } from "./statement.ts";
import { dagGet } from "./statements/dag.ts";

export interface CachedDag {
  readonly spec: DagSpec;
  readonly graph: DagGraph;
  /** Steps and handlers by name, and items by theirs. */
  readonly indexOf: Pick<ReadonlyMap<string, number>, "get">;
  /** What a step or an item is called. */
  readonly idAt: (index: number) => StepId | undefined;
  /** A step is done for each of a list. */
  readonly hasItems: boolean;
  /** The `if` of each step, by its position. */
  readonly conditions: readonly (Condition | undefined)[];
  /** It has steps that no worker takes. */
  readonly hasChildren: boolean;
  /** What the templates of a step name, by its position. */
  readonly pathsOf: (index: number) => readonly DataPath[];
}

const entriesMax = 200;

export class DagCache {
  readonly #entries = new Map<string, CachedDag>();

  /** One that was read here before. */
  known(digest: Digest): CachedDag | undefined {
    return this.#entries.get(digest);
  }

  async get(tx: Tx, digest: Digest): Promise<CachedDag> {
    const known = this.#entries.get(digest);
    if (known !== undefined) return known;
    const row = present(await tx.one(dagGet, digest), `DAG ${digest}`);
    const spec = json<DagSpec>(row, "spec");
    const steps = allSteps(spec);
    const byName = new Map(steps.map(({ id }, index) => [id, index]));
    const entry: CachedDag = {
      spec,
      graph: graphOf(spec),
      indexOf: { get: (id) => byName.get(id) ?? indexOfItem(spec, byName, id) },
      idAt: (index) => stepIdAt(spec, index),
      hasItems: steps.some(({ foreach }) => foreach !== undefined),
      hasChildren: steps.some(({ work }) => work.kind === "dag"),
      conditions: steps.map(conditionOf),
      pathsOf: pathsIn(spec),
    };
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size >= entriesMax && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(digest, entry);
    return entry;
  }
}

function indexOfItem(spec: DagSpec, byName: ReadonlyMap<string, number>, id: string): number | undefined {
  const { groupId = "", item = 0 } = itemOfId(id) ?? {};
  const group = byName.get(groupId);
  if (group === undefined || spec.steps[group]?.foreach === undefined) return undefined;
  return itemIndex(spec, group, item);
}

/** Looked for when they are asked for. */
function pathsIn(spec: DagSpec): CachedDag["pathsOf"] {
  const known = new Map<number, readonly DataPath[]>();
  return (place) => {
    // All items of a step have the same templates.
    const index = itemAt(spec, place)?.group ?? place;
    const step = stepAt(spec, index);
    const paths = known.get(index) ?? (step === undefined ? [] : templatesOf(spec, step).flatMap(pathsOf));
    known.set(index, paths);
    return paths;
  };
}

/** DAGs that stand in the file of another one. */

import type { DagSpec } from "./dag.ts";

export type LocalDag = NonNullable<DagSpec["dags"]>[string];

/** A local DAG as one that stands on its own: with those of its file. Undefined: there is none of this name. */
export function localDag({ dags = {} }: DagSpec, name: string): DagSpec | undefined {
  const local = Object.hasOwn(dags, name) ? dags[name] : undefined;
  return local === undefined ? undefined : { ...local, dags };
}

/** `foreach` and `matrix` of a step: what it is done for. */

import type { JsonObject, JsonValue } from "./json.ts";

/** The step is done once for each item. In texts of `over` expressions are still in place. */
export interface ForeachSpec {
  readonly over: ListSpec | MatrixSpec;
  /** Items that have begun and not ended, retries that wait included. */
  readonly maxParallel: number;
  /** The first item that fails ends the others. */
  readonly failFast: boolean;
}

export interface ListSpec {
  readonly kind: "list";
  /** Text: one expression that gives the list. */
  readonly items: string | readonly JsonValue[];
}

/** Every combination of one value of each axis. */
export interface MatrixSpec {
  readonly kind: "matrix";
  readonly axes: { readonly [name: string]: ListSpec["items"] };
  /** Combinations that agree with one of these in all that it names are left out. */
  readonly exclude?: readonly JsonObject[];
  /** Each adds its values to the combinations that it does not contradict, or is one of its own where there is none. */
  readonly include?: readonly JsonObject[];
}

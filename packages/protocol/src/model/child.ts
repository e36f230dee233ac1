/** What a `dag` step says of the run that it is. Plain JSON, like all of a DAG. */

import type { JsonObject } from "./json.ts";

/** A step that is a run of another DAG. No worker takes it. */
export interface ChildSpec {
  readonly kind: "dag";
  /** A name, or a template that gives one. */
  readonly use: string;
  /** What its run is given; templates may stand wherever there is text. */
  readonly params: JsonObject;
  /** The names that the template may give; absent: any. */
  readonly candidates?: readonly string[];
}

/** What a step does that is no command: it runs a DAG, or asks a person. */

import type { Line } from "./lines.ts";
import type { Losses } from "./losses.ts";
import type { Parameters } from "./parameters.ts";

/** What a variable, or a path such as `RESULT.outputs.TOTAL`, stands for in our file; undefined: nothing that is known. */
export type Meaning = (path: string) => string | undefined;

export interface OtherWork {
  readonly kind: "dag" | "human";
  /** The variable in which Dagu puts what it knows of the child run, as JSON. */
  readonly result?: string;
  /** There is one child run for each item. */
  readonly isMany?: boolean;
  /** What a person fills in; steps behind have it as variables. */
  readonly fields?: readonly string[];
  /** Those of our step; called once, when it is known what runs before. */
  lines(meaning: Meaning): readonly Line[];
}

/** A further document of the file. */
export interface LocalTarget {
  readonly name: string;
  readonly params: Parameters["specs"];
}

export interface CallSetting {
  readonly losses: Losses;
  /** By the names that the file gives them. */
  readonly locals: ReadonlyMap<string, LocalTarget>;
  /** Parameters of the DAG that calls. */
  readonly params: Parameters["specs"];
}

/** A step on its way from Dagu's form to ours: its own keys are read, its place among the others is not decided yet. */

import type { Line } from "./lines.ts";
import type { OtherWork } from "./other-work.ts";
import type { Entry } from "./section.ts";

export interface DraftStep {
  readonly id: string;
  /** Of the Dagu file. */
  readonly field: string;
  readonly title?: string;
  readonly description?: string;
  /** Ids. Undefined: not said, so that the type of the DAG decides. */
  depends: readonly string[] | undefined;
  /** All of them must hold. */
  readonly conditions: string[];
  /** Lines that come before the script in a shell. */
  prelude: string[];
  script: string;
  /** The program that is given the script; undefined: bash. */
  readonly shell?: readonly string[];
  readonly env: Map<string, string>;
  /** Read when it is known what runs before. */
  readonly ownEnv?: Entry;
  /** Those that the script writes itself. */
  readonly outputs?: readonly string[];
  /** The variable that its standard output becomes. */
  readonly output?: string;
  /** Instead of a script. */
  readonly work?: OtherWork;
  /** Of that work, once they are known. */
  workLines?: readonly Line[];
  readonly continueOnError: boolean;
  /** Steps behind it run although it was skipped. */
  readonly continueOnSkipped: boolean;
  readonly timeout?: string;
  readonly retry?: Readonly<Record<string, unknown>>;
  readonly worker?: Readonly<Record<string, string>>;
  readonly comments: string[];
}

/** An id for any name; the same name always gets the same one. */
export function idFor(name: string, taken: ReadonlySet<string>): string {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[-_]+|-+$/g, "")
    .slice(0, 50);
  const base = /^[A-Za-z]/.test(plain) ? plain : `step-${plain}`.replace(/-$/, "");
  for (let index = 1; ; index++) {
    const id = index === 1 ? base : `${base}-${index}`;
    if (!taken.has(id)) return id;
  }
}

/** The outputs that steps behind it know as variables. */
export const variablesOf = ({ output, work }: DraftStep): readonly string[] =>
  output === undefined ? (work?.fields ?? []) : [output];

/** Nothing is said of it yet. */
export const bareStep = (id: string, field: string): DraftStep => ({
  id,
  field,
  depends: undefined,
  conditions: [],
  prelude: [],
  script: "",
  env: new Map(),
  continueOnError: false,
  continueOnSkipped: false,
  comments: [],
});

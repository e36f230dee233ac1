/** Preconditions of a Dagu file: an `if` where an expression can say it, else a step before that finds out. */

import { bareStep, type DraftStep } from "./draft.ts";
import type { Losses } from "./losses.ts";
import { type Entry, isMap } from "./section.ts";
import { isScalar, listOf, quoted } from "./values.ts";

export interface Preconditions {
  readonly expressions: readonly string[];
  /** Shell tests that all have to succeed. */
  readonly tests: readonly string[];
}

/** @param isParam whether a name is that of a parameter */
export function preconditionsOf(
  entries: readonly (Entry | undefined)[],
  isParam: (name: string) => boolean,
  losses: Losses,
): Preconditions {
  const expressions: string[] = [];
  const tests: string[] = [];
  for (const entry of entries) {
    if (entry === undefined) continue;
    for (const each of listOf(entry.value)) {
      const found = conditionOf(each, isParam);
      if (found === undefined)
        losses.lose(entry.field, "expected a command, or {condition, expected} without a pattern (re:)");
      else if ("expression" in found) expressions.push(found.expression);
      else tests.push(found.test);
    }
  }
  return { expressions, tests };
}

function conditionOf(
  value: unknown,
  isParam: (name: string) => boolean,
): { readonly expression: string } | { readonly test: string } | undefined {
  const map = isMap(value) ? value : { condition: value };
  const text = map["condition"] ?? map["command"];
  const { expected, negate } = map as { readonly expected?: unknown; readonly negate?: unknown };
  if (!isScalar(text)) return undefined;
  if (expected === undefined) return { test: `${negate === true ? "! " : ""}( ${String(text)} )` };
  if (!isScalar(expected) || String(expected).startsWith("re:")) return undefined;
  const sign = negate === true ? "!=" : "==";
  const [, braced, bare] = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))$/.exec(String(text).trim()) ?? [];
  const name = braced ?? bare ?? "";
  if (name !== "" && isParam(name)) {
    return { expression: `params.${name} ${sign} '${String(expected).replaceAll("'", "''")}'` };
  }
  return { test: `[ "${String(text)}" ${sign === "==" ? "=" : "!="} ${quoted(String(expected))} ]` };
}

/** A step that says whether all tests succeed; it never fails because one does not. */
export function testStep(
  id: string,
  tests: readonly string[],
  like: Pick<DraftStep, "field" | "worker">,
): DraftStep {
  const lines = tests.map((test) => `${test} || met=no`);
  return {
    ...bareStep(id, like.field),
    // Unset variables are no mistake in a test.
    script: `set +eu\nmet=yes\n${lines.join("\n")}\necho "met=$met" >> "$HAVERSACK_OUTPUT"\n`,
    outputs: ["met"],
    ...(like.worker === undefined ? {} : { worker: like.worker }),
    comments: [
      "Dagu asked this before the step; here a step finds out, and the next one is skipped when it is not so.",
    ],
  };
}

export const metBy = (id: string): string => `steps.${id}.outputs.met == 'yes'`;

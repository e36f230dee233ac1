/** Whether a worker is what a step asks for, label by label. Pure. */

import type { LabelTest, Selector } from "@haversack/protocol";

type Labels = ReadonlyMap<string, string>;

export const matches = (selector: Selector, labels: Labels): boolean =>
  Object.entries(selector).every(([label, test]) => passes(test, labels.get(label)));

/** The labels whose tests the worker does not pass. */
export const unmetLabels = (selector: Selector, labels: Labels): string[] =>
  Object.entries(selector).flatMap(([label, test]) => (passes(test, labels.get(label)) ? [] : [label]));

/** @param value undefined: the worker does not have the label */
function passes(test: LabelTest, value: string | undefined): boolean {
  if (typeof test === "string") return value === test;
  if ("in" in test) return value !== undefined && test.in.includes(value);
  if ("not" in test) return value === undefined || !test.not.includes(value);
  return (value !== undefined) === test.exists;
}

/** The texts of a test, in which expressions may stand. */
export function textsOfTest(test: LabelTest): readonly string[] {
  if (typeof test === "string") return [test];
  if ("in" in test) return test.in;
  return "not" in test ? test.not : [];
}

/** The selector with every text filled in. */
export function filledSelector(selector: Selector, fill: (text: string) => string): Selector {
  return Object.fromEntries(Object.entries(selector).map(([label, test]) => [label, filled(test, fill)]));
}

function filled(test: LabelTest, fill: (text: string) => string): LabelTest {
  if (typeof test === "string") return fill(test);
  if ("in" in test) return { in: test.in.map(fill) };
  return "not" in test ? { not: test.not.map(fill) } : test;
}

/** For people: `pool=gpu`, `zone in (a, b)`, `zone not in (a)`, `gpu`, `no gpu`. */
export function testText(label: string, test: LabelTest): string {
  if (typeof test === "string") return `${label}=${test}`;
  if ("in" in test) return `${label} in (${test.in.join(", ")})`;
  if ("not" in test) return `${label} not in (${test.not.join(", ")})`;
  return test.exists ? `label ${label}` : `no label ${label}`;
}

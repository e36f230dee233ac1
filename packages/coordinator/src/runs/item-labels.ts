import type { Selector, StepSpec } from "@haversack/protocol";
import type { TemplateData } from "./expression-value.ts";
import { pathsOf, render } from "./expressions.ts";
import { filledSelector, textsOfTest } from "./selector.ts";

/** What an item asks of its worker, when that is not what all items of its step ask. */
export function itemLabels({ worker }: StepSpec, data: TemplateData): Selector | undefined {
  const named = Object.values(worker).flatMap(textsOfTest).flatMap(pathsOf);
  if (!named.some(({ root }) => root === "item" || root === "matrix" || root === "index")) return undefined;
  return filledSelector(worker, (text) => render(text, data));
}

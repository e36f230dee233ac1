import type { StepSpec } from "@haversack/protocol";
import type { TemplateData } from "./expression-value.ts";
import { pathsOf, render } from "./expressions.ts";

/** What an item asks of its worker, when that is not what all items of its step ask. */
export function itemLabels(
  { worker }: StepSpec,
  data: TemplateData,
): Readonly<Record<string, string>> | undefined {
  const named = Object.values(worker).flatMap(pathsOf);
  if (!named.some(({ root }) => root === "item" || root === "matrix" || root === "index")) return undefined;
  return Object.fromEntries(Object.entries(worker).map(([label, text]) => [label, render(text, data)]));
}

/** The items of a step that is opened, checked as far as what is done with them asks for it. Pure. */

import type { Failure, ForeachSpec, JsonValue, StepSpec } from "@haversack/protocol";
import { itemNamesFailure } from "./deployment-name.ts";
import type { DataPath } from "./expression-parse.ts";
import type { TemplateData } from "./expression-value.ts";
import { foreachPaths, itemsOf } from "./foreach-items.ts";

type Spec = Pick<StepSpec, "work"> & { readonly foreach: ForeachSpec };

/** What must be known before the items are. */
export const groupPaths = ({ foreach }: Spec): DataPath[] => foreachPaths(foreach);

/** @returns the items, or why the step fails */
export function groupItems(
  { foreach, work }: Spec,
  data: TemplateData,
): { readonly items: readonly JsonValue[] } | { readonly failure: Failure } {
  const made = itemsOf(foreach, data);
  if (!made.ok) return { failure: { code: "bad_items", message: made.problem } };
  const failure = itemNamesFailure(work, made.items, data);
  return failure === undefined ? { items: made.items } : { failure };
}

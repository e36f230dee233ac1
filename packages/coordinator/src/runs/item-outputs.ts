/** Outputs of a step with items: one list for each name. Pure. */

import type { Failure, JsonObject, JsonValue } from "@haversack/protocol";

/** Of all items together; what is larger leaves as an artifact. */
export const itemOutputsBytesMax = 4 * 1024 * 1024;

/**
 * @param names that the step promises; what items gave beside them comes too
 * @param outputs by the position of the item
 */
export function itemOutputs(
  names: readonly string[],
  outputs: ReadonlyMap<number, JsonObject>,
  total: number,
): JsonObject {
  const lists = new Map<string, JsonValue[]>();
  const listOf = (name: string): JsonValue[] => {
    const list = lists.get(name) ?? Array.from({ length: total }, () => null);
    lists.set(name, list);
    return list;
  };
  for (const name of names) listOf(name);
  for (const [item, own] of outputs) {
    for (const [name, value] of Object.entries<JsonValue>(own)) listOf(name)[item] = value;
  }
  return Object.fromEntries(lists) as JsonObject;
}

export function tooLarge(total: number, bytes: number): Failure {
  const message = `the outputs of its ${total} items have ${bytes} bytes together, at most ${itemOutputsBytesMax}; let large ones out as artifacts`;
  return { code: "outputs_too_large", message };
}

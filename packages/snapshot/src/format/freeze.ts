/** Values that came from outside, without a prototype and frozen at every depth. */

/** A copy of plain JSON; the original stays as it was. */
export function frozenCopy<T>(value: T): T {
  // The copy has the shape of its original: same keys, same leaves.
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(copy));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of entries) {
    Object.defineProperty(result, key, { value: copy(item), enumerable: true });
  }
  return Object.freeze(result);
}

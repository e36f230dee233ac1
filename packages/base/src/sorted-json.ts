/**
 * JSON text with the keys of every object in order, so that equal values have equal text. For digests of our own that
 * only we compare; what other programs must reproduce is canonical JSON.
 */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

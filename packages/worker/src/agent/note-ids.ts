/** How an agent names a note: by the first characters of its id, as many as tell it from the others. */

/** Fewer say nothing: ids that begin with a time share their first characters. */
const shortestId = 8;

/** The short form of each id. */
export function shortIds(ids: readonly string[]): ReadonlyMap<string, string> {
  const sorted = [...new Set(ids)].toSorted();
  return new Map(
    sorted.map((id, index) => {
      // In sorted order the most alike are neighbours.
      const shared = Math.max(commonStart(id, sorted[index - 1]), commonStart(id, sorted[index + 1]));
      return [id, id.slice(0, Math.max(shortestId, shared + 1))];
    }),
  );
}

/** The ids that are meant; an id in full means itself, whatever else begins with it. */
export function idsNamed(name: string, ids: readonly string[]): string[] {
  if (ids.includes(name)) return [name];
  return name.length < shortestId ? [] : ids.filter((id) => id.startsWith(name));
}

function commonStart(a: string, b: string | undefined): number {
  if (b === undefined) return 0;
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

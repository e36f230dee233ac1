/** Ids as git shows its own: the beginning is enough where no other one begins alike. */

/** Fewer say nothing: ids that begin with a time share their first characters. */
export const shortIdMin = 8;

/** For each id its shortest beginning that no other one has. @param min characters that are always shown */
export function shortIds(ids: Iterable<string>, min = shortIdMin): ReadonlyMap<string, string> {
  const sorted = [...new Set(ids)].toSorted();
  return new Map(
    sorted.map((id, index) => {
      // In sorted order the most alike are neighbours.
      const shared = Math.max(commonStart(id, sorted[index - 1]), commonStart(id, sorted[index + 1]));
      return [id, id.slice(0, Math.max(min, shared + 1))];
    }),
  );
}

function commonStart(a: string, b = ""): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

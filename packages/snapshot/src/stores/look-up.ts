import { NotInSnapshotError } from "../errors.ts";

/** Finds an item by id. What is not in the snapshot is nowhere: the error lists what is. */
export function byId<T>(store: string, items: readonly T[], idOf: (item: T) => string): (id: string) => T {
  const known = new Map(items.map((item) => [idOf(item), item]));
  return (id) => {
    const item = known.get(id);
    if (item === undefined) throw new NotInSnapshotError(store, id, [...known.keys()]);
    return item;
  };
}

import { ReadOnlyStoreError } from "../errors.ts";

/** A write method of a store that came from a snapshot. Rejects, never throws: callers handle one kind of failure. */
export function refuseWrite(store: string, method: string): () => Promise<never> {
  return () => Promise.reject(new ReadOnlyStoreError(store, method));
}

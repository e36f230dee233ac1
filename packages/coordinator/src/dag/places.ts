/** Where the steps of a DAG stand in its file: under `steps`, or under the name of a handler. */

import { type HandlerKind, handlerKinds } from "@haversack/protocol";

interface Lists<T> extends Partial<Record<HandlerKind, readonly T[] | undefined>> {
  readonly steps: readonly T[];
}

export interface Placed<T> {
  readonly step: T;
  /** Such as `["onFailure", 0]`. */
  readonly path: readonly ["steps" | HandlerKind, number];
}

/** The steps, then the handlers by their kinds: the order of their numbers in the store. */
export function placesIn<T>(file: Lists<T>): Placed<T>[] {
  return (["steps", ...handlerKinds] as const).flatMap((name) =>
    (file[name] ?? []).map((step, index) => ({ step, path: [name, index] as const })),
  );
}

/** Of a DAG whose handlers are one list. */
export function placesOf<T extends { readonly handler?: HandlerKind }>(dag: {
  readonly steps: readonly T[];
  readonly handlers?: readonly T[];
}): Placed<T>[] {
  const handlers = Object.groupBy(dag.handlers ?? [], ({ handler }) => handler ?? "onExit");
  return placesIn({ ...handlers, steps: dag.steps });
}

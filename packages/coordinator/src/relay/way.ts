/** Who answers a call about a worker: pure. */

import type { WorkerPlace } from "../store/verbs/worker-verbs.ts";

export interface WayAsked {
  /** What the store says of the worker; undefined: it knows none, or several, and whoever answers says so. */
  readonly place: WorkerPlace | undefined;
  /** Where others reach this coordinator; undefined: nowhere. */
  readonly own: string | undefined;
  /** The worker has a session here. */
  readonly isHere: boolean;
  /** Another coordinator has passed the call on. */
  readonly wasPassedOn: boolean;
}

/** `refuse`: it was passed on to one that cannot answer either; it is never passed on again. */
export type Way = { readonly kind: "here" | "refuse" } | { readonly kind: "there"; readonly url: string };

/** Hellos are written one after the other, so a session here is an old one when the store names another coordinator. */
export function wayOf({ place, own, isHere, wasPassedOn }: WayAsked): Way {
  if (place === undefined) return { kind: "here" };
  if (wasPassedOn) return { kind: isHere ? "here" : "refuse" };
  return place.url === undefined || place.url === own ? { kind: "here" } : { kind: "there", url: place.url };
}

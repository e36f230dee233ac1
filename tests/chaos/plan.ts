/** Which fault happens when, to whom and for how long: a pure function of the seed, so that a run can be repeated. */

import { createHash } from "node:crypto";
import { type Choices, choices } from "../support/seeded-random.ts";

export const faultKinds = [
  "worker-kill",
  "worker-freeze",
  "worker-restart",
  "link-cut",
  "link-hole",
  "link-slow",
  "namespace-down",
  "coordinator-kill",
  "coordinator-freeze",
  "coordinator-restart",
  "database-cut",
] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  /** Milliseconds after the load began. */
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Which worker or coordinator, from 0. */
  readonly target: number;
  /** How long it is away, frozen, cut off or slow. */
  readonly forMs: number;
}

export interface PlanOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly workers: number;
  readonly coordinators: number;
  readonly leaseTtlMs: number;
  /** There is a server whose connections can be ended. */
  readonly hasServer: boolean;
  /** The last worker lives behind a network interface that can be taken down. */
  readonly hasNamespace: boolean;
}

/** The first fault comes once something runs; between two lie 1 to 4 s. */
const firstAtMs = 3000;
const gapMs = { min: 1000, max: 4000 } as const;

type Target = "worker" | "coordinator" | "database";

const targetOf = (kind: FaultKind): Target => {
  if (kind === "database-cut") return "database";
  return kind.startsWith("coordinator") ? "coordinator" : "worker";
};

export function planOf(options: PlanOptions): readonly Fault[] {
  const chosen = choices(options.seed);
  const endMs = options.minutes * 60_000;
  const deck = dealer(chosen, kindsOf(options));
  const free = new Map<string, number>();
  const faults: Fault[] = [];
  for (let atMs = firstAtMs; atMs < endMs; atMs += Math.round(chosen.between(gapMs.min, gapMs.max))) {
    const kind = deck();
    const target = targetFor(kind, options, chosen);
    const forMs = Math.round(lengthOf(kind, options.leaseTtlMs, chosen));
    const fault = { atMs, kind, target, forMs };
    const victim = victimOf(fault);
    if ((free.get(victim) ?? 0) > atMs) continue;
    free.set(victim, atMs + forMs + 1500);
    faults.push(fault);
  }
  return faults;
}

/** One coordinator at a time, so that somebody is there to go on; a worker suffers one thing at a time. */
export const victimOf = ({ kind, target }: Pick<Fault, "kind" | "target">): string =>
  targetOf(kind) === "worker" ? `worker-${target}` : targetOf(kind);

/** Of two plans that have it in common, every fault is the same. */
export function planDigest(plan: readonly Fault[]): string {
  return createHash("sha256").update(JSON.stringify(plan)).digest("hex");
}

function kindsOf({ hasServer, hasNamespace }: PlanOptions): readonly FaultKind[] {
  return faultKinds.filter(
    (kind) => (hasServer || kind !== "database-cut") && (hasNamespace || kind !== "namespace-down"),
  );
}

/** Every kind once before any comes again, so that a short run has them all. */
function dealer(chosen: Choices, kinds: readonly FaultKind[]): () => FaultKind {
  let deck: FaultKind[] = [];
  return () => {
    if (deck.length === 0) deck = chosen.shuffled(kinds);
    return deck.pop() as FaultKind;
  };
}

function targetFor(kind: FaultKind, { workers, coordinators }: PlanOptions, chosen: Choices): number {
  if (kind === "namespace-down") return workers - 1;
  if (targetOf(kind) === "database") return 0;
  return chosen.whole(0, (targetOf(kind) === "worker" ? workers : coordinators) - 1);
}

function lengthOf(kind: FaultKind, ttlMs: number, chosen: Choices): number {
  switch (kind) {
    case "worker-kill":
    case "worker-restart":
    case "coordinator-kill":
    case "coordinator-restart":
      return chosen.between(200, 3000);
    case "worker-freeze":
    case "link-hole":
    case "namespace-down":
      // As often beyond the lease as within it: work must move, and must not move.
      return chosen.chance(0.5) ? chosen.between(1.3, 2) * ttlMs : chosen.between(0.1, 0.6) * ttlMs;
    case "link-cut":
    case "coordinator-freeze":
      return chosen.between(200, 0.6 * ttlMs);
    case "link-slow":
      return chosen.between(2000, 6000);
    case "database-cut":
      return 0;
    default:
      return kind satisfies never;
  }
}

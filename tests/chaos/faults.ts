/** Does what the plan says, and tells what it did to whom: a fault that nobody felt proves nothing. */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Choices } from "../support/seeded-random.ts";
import { descendants, stillAlive } from "./orphans.ts";
import type { Fault, FaultKind } from "./plan.ts";
import type { Place, Site, WorkerPlace } from "./site.ts";
import type { TcpProxy } from "./tcp-proxy.ts";

export interface FaultReport {
  readonly fault: Fault;
  /** Milliseconds after the load began. */
  readonly begunMs: number;
  readonly endedMs: number;
  /** What was seen of it, such as how the process ended. */
  readonly seen: string;
  /** It happened: the process died, stood still, lost its connections. */
  readonly happened: boolean;
  /** It met work: steps ran on the worker, or on any worker when a coordinator was hit. */
  readonly bit: boolean;
  /** Processes of steps that outlived their worker. */
  readonly orphans: number;
}

interface Seen {
  readonly seen: string;
  readonly happened: boolean;
  readonly orphans?: number;
}

export interface FaultParts {
  readonly site: Site;
  /** How long processes of steps may outlive their worker. */
  readonly orphanPatienceMs: number;
  readonly chosen: Choices;
  /** Ends all connections to the database but our own; how many there were. */
  readonly cutDatabase: () => Promise<number>;
  /** Takes the network interface of a worker down and up. */
  readonly setNamespace: (isUp: boolean) => Promise<void>;
}

/** Resolves when the fault is over and what it hit is back. */
export async function inject(fault: Fault, parts: FaultParts, sinceMs: () => number): Promise<FaultReport> {
  const begunMs = sinceMs();
  const bit = hasWork(fault, parts.site);
  const { seen, happened, orphans = 0 } = await injectors[fault.kind](fault, parts);
  return { fault, begunMs, endedMs: sinceMs(), seen, happened, bit: bit && happened, orphans };
}

const injectors: Readonly<Record<FaultKind, (fault: Fault, parts: FaultParts) => Promise<Seen>>> = {
  "worker-kill": killWorker,
  "worker-freeze": async (fault, { site }) => await freeze(workerOf(fault, site).place, fault.forMs),
  "worker-restart": async (fault, { site }) => await restart(workerOf(fault, site).place, fault.forMs),
  "link-cut": async (fault, { site }) => {
    const { links } = workerOf(fault, site);
    const before = total(links, "resets");
    for (const link of links) link.state = { kind: "cut" };
    await heal(links, fault.forMs);
    const resets = total(links, "resets") - before;
    return { seen: `${resets} connections reset`, happened: resets > 0 };
  },
  "link-hole": async (fault, { site, chosen }) => {
    const direction = chosen.one(["up", "down", "both"] as const);
    const { links } = workerOf(fault, site);
    const before = total(links, "held");
    for (const link of links) link.state = { kind: "hole", direction };
    await heal(links, fault.forMs);
    const held = total(links, "held") - before;
    return { seen: `${direction}: ${held} pieces held back`, happened: held > 0 };
  },
  "link-slow": async (fault, { site, chosen }) => {
    const { links } = workerOf(fault, site);
    const before = total(links, "held");
    for (const link of links) link.state = { kind: "slow", delayMs: () => chosen.between(5, 120) };
    await heal(links, fault.forMs);
    const held = total(links, "held") - before;
    return { seen: `${held} pieces delayed`, happened: held > 0 };
  },
  "namespace-down": async (fault, { setNamespace }) => {
    await setNamespace(false);
    await sleep(fault.forMs);
    await setNamespace(true);
    return { seen: "interface down", happened: true };
  },
  "coordinator-kill": async (fault, { site }) => {
    const place = coordinatorOf(fault, site);
    const seen = await place.end("SIGKILL");
    await sleep(fault.forMs);
    await place.start();
    return { seen, happened: seen === "SIGKILL" };
  },
  "coordinator-freeze": async (fault, { site }) => await freeze(coordinatorOf(fault, site), fault.forMs),
  "coordinator-restart": async (fault, { site }) => await restart(coordinatorOf(fault, site), fault.forMs),
  "database-cut": async (_, { cutDatabase }) => {
    const ended = await cutDatabase();
    return { seen: `${ended} connections ended`, happened: ended > 0 };
  },
};

/** What its steps had started must be gone soon after it, whatever they did to hide. */
async function killWorker(fault: Fault, { site, orphanPatienceMs }: FaultParts): Promise<Seen> {
  const { place } = workerOf(fault, site);
  const children = descendants(place.pid);
  const seen = await place.end("SIGKILL");
  const deadline = performance.now() + orphanPatienceMs;
  while (stillAlive(children).length > 0 && performance.now() < deadline) await sleep(50);
  const orphans = stillAlive(children).length;
  await sleep(fault.forMs);
  await place.start();
  return { seen: `${seen}, ${children.length} processes below it`, happened: seen === "SIGKILL", orphans };
}

async function freeze(place: Place, forMs: number): Promise<Seen> {
  const begun = performance.now();
  place.signal("SIGSTOP");
  // A process that is in the kernel stops when it leaves it.
  while (stateOf(place.pid) !== "T" && performance.now() - begun < forMs) await sleep(10);
  const state = stateOf(place.pid);
  await sleep(Math.max(0, forMs - (performance.now() - begun)));
  place.signal("SIGCONT");
  return { seen: `state ${state}`, happened: state === "T" };
}

async function restart(place: Place, forMs: number): Promise<Seen> {
  const seen = await place.end("SIGTERM");
  await sleep(forMs);
  await place.start();
  return { seen, happened: seen === "exit 0" };
}

async function heal(links: readonly TcpProxy[], afterMs: number): Promise<void> {
  await sleep(afterMs);
  for (const link of links) link.state = { kind: "open" };
}

const total = (links: readonly TcpProxy[], what: "resets" | "held"): number =>
  links.reduce((sum, { counts }) => sum + counts[what], 0);

const workerOf = ({ target }: Fault, site: Site): WorkerPlace => site.workers[target] as WorkerPlace;

const coordinatorOf = ({ target }: Fault, site: Site): Place => site.coordinators[target] as Place;

/** `T`: stopped. */
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  } catch {
    return "gone";
  }
}

/** A step runs while its worker has processes below it. */
function hasWork({ kind, target }: Fault, site: Site): boolean {
  const isOfWorker = kind.startsWith("worker") || kind.startsWith("link") || kind === "namespace-down";
  const hit = isOfWorker ? site.workers.slice(target, target + 1) : site.workers;
  return hit.some(({ place }) => place.isUp && descendants(place.pid).length > 0);
}

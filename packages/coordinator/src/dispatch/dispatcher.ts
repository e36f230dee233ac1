/**
 * Where a plan becomes fact: reads what is ready, decides with `place`, claims in the store, sends. Losing a claim to
 * another coordinator is normal; what was lost is looked at again in the next round.
 */

import {
  Background,
  FaultError,
  formatDuration,
  messageOf,
  type Ports,
  present,
  type Service,
  Wakeup,
} from "@haversack/base";
import {
  batchBytesMax,
  inlinePackBytesMax,
  parseWorkerId,
  type RunId,
  type SnapshotDescriptor,
  type Task,
} from "@haversack/protocol";
import type { Snapshots } from "../library/snapshots.ts";
import type { Store } from "../store/store.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import type { Claim, Claimed, ReadyStep } from "../store/verbs/step-verbs.ts";
import { buildTask, taskBytes } from "./build-task.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { explain, place } from "./place.ts";
import type { ViewStep } from "./view.ts";
import type { WorkerLink } from "./worker-link.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

/** Ready steps that one look takes in: about what can be placed, and more when what it saw fits nobody. */
const pageSizeMin = 16;
const pageSizeMax = 512;
/** Steps of one run that are explained; whoever has more of them waiting needs no further one. */
const explainedMax = 200;
/** A missed wake-up is made good after this long. */
const sweepMs = 2000;

export interface DispatcherParts {
  readonly store: Store;
  readonly registry: WorkerRegistry;
  readonly snapshots: Snapshots;
  readonly leases: LeaseClock;
  readonly ports: Ports;
  readonly onFailure: (error: unknown) => void;
}

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #wakeup = new Wakeup();
  readonly loop: Service;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.loop = new Background("dispatcher", (signal) => this.#run(signal), parts.onFailure);
  }

  /** Something may be placeable now. */
  ring(): void {
    this.#wakeup.ring();
  }

  /** Why ready steps of a run have no worker at this moment, by position; not those that are about to get one. */
  async whyWaiting(runId: RunId): Promise<ReadonlyMap<number, string>> {
    const now = this.#parts.ports.clock.now();
    const workers = this.#parts.registry.view();
    const reasons = new Map<number, string>();
    for (const step of await this.#parts.store.read.stepsWaiting({ runId, limit: explainedMax })) {
      if (step.notBefore > now) {
        reasons.set(step.index, `its next attempt, in ${formatDuration(step.notBefore - now)}`);
        continue;
      }
      const reason = place({ steps: [await this.#viewStep(step)], workers }).unplaced[0]?.reason;
      if (reason !== undefined) reasons.set(step.index, explain(reason));
    }
    return reasons;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const nextDue = await this.#round();
      const { clock } = this.#parts.ports;
      const waitMs = Math.min(sweepMs, nextDue === undefined ? sweepMs : Math.max(1, nextDue - clock.now()));
      await this.#wakeup.nextWithin(clock, waitMs, signal);
    }
  }

  /** Places what can be placed. @returns when the next retry is due, on the clock of the ports */
  async #round(): Promise<number | undefined> {
    const { store, registry, ports } = this.#parts;
    let after: ReadyStep | undefined;
    let pageSize = pageSizeMin;
    for (;;) {
      const workers = registry.view();
      const credits = workers.reduce((sum, worker) => sum + worker.credits, 0);
      if (credits === 0) return undefined;
      pageSize = Math.min(pageSizeMax, Math.max(pageSize, credits));
      const query = { now: ports.clock.now(), limit: pageSize, ...(after === undefined ? {} : { after }) };
      const { steps, nextDue } = await store.read.stepsListReady(query);
      const byStep = new Map(steps.map((step) => [key(step), step]));
      const view = { steps: await Promise.all(steps.map((step) => this.#viewStep(step))), workers };
      const { placed } = place(view);
      const claims = placed.flatMap(({ step, workerId }) => {
        const ready = byStep.get(key(step));
        const link = registry.get(parseWorkerId(workerId));
        return ready === undefined || link === undefined ? [] : [{ step: ready, link }];
      });
      await this.#claimAll(claims);
      const last = steps.at(-1);
      if (steps.length < pageSize || last === undefined) return nextDue;
      after = last;
      pageSize *= 2;
    }
  }

  async #viewStep(step: Omit<ViewStep, "pack">): Promise<ViewStep> {
    const { runId, index, kind, labels, pinDigest, snapshotDigest } = step;
    const digest = snapshotDigest ?? pinDigest;
    // A pack that cannot be read is told when the step is claimed.
    const pack =
      digest === undefined ? undefined : await this.#parts.snapshots.read(digest).catch(() => undefined);
    return {
      runId,
      index,
      kind,
      labels,
      ...(pinDigest === undefined ? {} : { pinDigest }),
      ...(snapshotDigest === undefined ? {} : { snapshotDigest }),
      ...(pack === undefined ? {} : { pack: { formatVersion: pack.formatVersion, requires: pack.requires } }),
    };
  }

  /** Claims of one round are one call; the tasks of a link leave together. */
  async #claimAll(placed: readonly Placed[]): Promise<void> {
    if (placed.length === 0) return;
    const { store, leases, ports } = this.#parts;
    const asked = await Promise.all(placed.map((each) => this.#claim(each)));
    const byStep = new Map(asked.map((each) => [key(each.claim), each]));
    const claimed = await store.write.stepsTake({
      claims: asked.map(({ claim }) => claim),
      generation: store.generation,
      leaseUntil: leases.leaseUntil(),
      now: ports.clock.now(),
    });
    const tasks = new Map<WorkerLink, Task[]>();
    await Promise.all(
      claimed.map(async (each) => {
        const { link, broken } = present(byStep.get(key(each)), "a claim of this round");
        const task = await this.#taskOrFailure(each, link, broken);
        if (task === undefined) return;
        const list = tasks.get(link) ?? [];
        list.push(task);
        tasks.set(link, list);
      }),
    );
    for (const [link, list] of tasks) {
      if (link.ended.aborted) await this.#handBack(list, link);
      else link.sendTasks(list);
    }
  }

  /** A pack that cannot be made fails its step, by name, and nothing else: no input may stop the dispatcher (D3). */
  async #claim({ step, link }: Placed): Promise<Asked> {
    const { workerId, bootId } = link.hello;
    const claim = { runId: step.runId, index: step.index, workerId, bootId };
    try {
      const pack = await this.#finalPack(step);
      return { claim: pack === undefined ? claim : { ...claim, pack }, link };
    } catch (broken) {
      return { claim, link, broken };
    }
  }

  /** The link ended between the claim and the sending: nobody has seen these tasks. */
  async #handBack(tasks: readonly Task[], link: WorkerLink): Promise<void> {
    const results = tasks.map(({ ref }) => ({
      result: { ref, outcome: "returned", outputs: new Map(), artifacts: [], logs: [] } as const,
      resultDigest: "",
    }));
    const { workerId } = link.hello;
    await this.#parts.store.write.attemptsFinish({ results, workerId, now: this.#parts.ports.clock.now() });
  }

  async #taskOrFailure(claimed: Claimed, link: WorkerLink, broken: unknown): Promise<Task | undefined> {
    try {
      if (broken !== undefined) throw broken;
      return await this.#task(claimed, link);
    } catch (error) {
      await this.#fail(claimed, error);
      return undefined;
    }
  }

  async #task(claimed: Claimed, link: WorkerLink): Promise<Task> {
    const { snapshotDigest } = claimed;
    const stored =
      snapshotDigest === undefined ? undefined : await this.#parts.snapshots.read(snapshotDigest);
    const task = buildTask(claimed, stored === undefined ? undefined : describe(stored, claimed, link));
    const bytes = taskBytes(task);
    if (bytes <= batchBytesMax) return task;
    const message = `the step's env and prompt have ${bytes} bytes with their values filled in, at most ${batchBytesMax}; pass large data as an artifact`;
    throw new FaultError("invalid", "task_too_large", message);
  }

  /** The step was claimed, so that its failure stands under a fence as any other does; its worker hears nothing of it. */
  async #fail(claimed: Claimed, error: unknown): Promise<void> {
    const { runId, stepId, attempt, generation, workerId } = claimed;
    const code = error instanceof FaultError ? error.code : "internal";
    const failure = { code, message: `the task cannot be made: ${messageOf(error)}` };
    const { store, ports } = this.#parts;
    ports.log.warn({ run: runId, step: stepId, ...failure }, "a step failed before it went out");
    const ref = { runId, stepId, attempt, generation };
    const result = { ref, outcome: "failed", failure, outputs: new Map(), artifacts: [], logs: [] } as const;
    const results = [{ result, resultDigest: "" }];
    await store.write.attemptsFinish({ results, workerId, now: ports.clock.now() });
  }

  /** A step that reads memory gets its pack when it is first handed out: the pin with the memory of now. */
  async #finalPack(step: ReadyStep): Promise<StoredPack | undefined> {
    if (step.pinDigest === undefined || step.snapshotDigest !== undefined) return undefined;
    const pin = await this.#parts.snapshots.read(step.pinDigest);
    return await this.#parts.snapshots.withMemory(pin, step.dagName);
  }
}

/** A step and the worker that gets it. */
interface Placed {
  readonly step: ReadyStep;
  readonly link: WorkerLink;
}

interface Asked {
  readonly claim: Claim;
  readonly link: WorkerLink;
  /** Why its pack could not be made. */
  readonly broken?: unknown;
}

const key = ({ runId, index }: { runId: string; index: number }): string => `${runId}/${index}`;

/** The bytes come along unless the worker said that it holds them, or they are too many for a message. */
function describe(pack: StoredPack, claimed: Claimed, link: WorkerLink): SnapshotDescriptor {
  const { digest, formatVersion, compressedSize, uncompressedSize, gzip } = pack;
  const descriptor = { digest, formatVersion, compressedSize, uncompressedSize };
  const held = link.snapshotsHeld.has(digest) && claimed.attempt === 1;
  if (held || gzip.length > inlinePackBytesMax) return descriptor;
  link.holds([digest]);
  return { ...descriptor, gzip: new Uint8Array(gzip) };
}

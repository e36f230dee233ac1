/**
 * Where a plan becomes fact: looks which queues have steps, deals turns, reads the first steps of those whose turn it is,
 * decides with `place`, claims in the store, sends. Losing a claim to another coordinator is normal; what was lost is
 * looked at again in the next round.
 */

import {
  Background,
  FaultError,
  messageOf,
  type Ports,
  present,
  type Service,
  Wakeup,
} from "@haversack/base";
import { type AttemptRef, parseWorkerId, type Task } from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import type { Claim, Claimed, ReadyStep } from "../store/verbs/step-verbs.ts";
import { elsewhere } from "./begin-deploy.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { makeTask, type TaskParts } from "./make-task.ts";
import { place } from "./place.ts";
import { QueueBook } from "./queue-book.ts";
import type { WorkerLink } from "./worker-link.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

/** Queues that one look takes in. What fits nobody costs no more than that. */
const queuesPerLook = 256;
/** Steps of a queue that come along with a look: all of them while little waits. */
const headsMax = 16;
/** Steps that are claimed together. */
const stepsMax = 512;
/** Rounds of claims in a row that others were faster in. */
const lostMax = 3;
/** Retries that are due, and that somebody holds at this moment. */
const againMs = 50;
/** A missed wake-up is made good after this long. */
const sweepMs = 2000;

export interface DispatcherParts extends TaskParts {
  readonly store: Store;
  readonly registry: WorkerRegistry;
  readonly leases: LeaseClock;
  readonly ports: Ports;
  readonly onFailure: (error: unknown) => void;
  /** Runs wait for others of their key. */
  readonly onHeld?: () => void;
}

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #book = new QueueBook();
  readonly #wakeup = new Wakeup();
  /** How much is deployed on each worker, when that was last of interest. */
  #deployments: ReadonlyMap<string, number> = new Map();
  readonly loop: Service;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.loop = new Background("dispatcher", (signal) => this.#run(signal), parts.onFailure);
  }

  /** Something may be placeable now. */
  ring(): void {
    this.#wakeup.ring();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const nextDue = await this.#round();
      const { clock } = this.#parts.ports;
      const waitMs = Math.min(sweepMs, nextDue === undefined ? sweepMs : Math.max(1, nextDue - clock.now()));
      await this.#wakeup.nextWithin(clock, waitMs, signal);
    }
  }

  /** Looks through all queues, piece by piece, and hands out what can go. @returns when the next retry is due */
  async #round(): Promise<number | undefined> {
    const { store, registry, ports, onHeld } = this.#parts;
    let after = 0;
    for (;;) {
      if (!registry.view().some(({ credits }) => credits > 0)) return undefined;
      const asked = { after, limit: queuesPerLook, heads: headsMax };
      const { nextDue, held, deployments, ...look } = await store.read.queuesLook(asked);
      this.#book.learn({ after, ...look });
      if (deployments !== undefined) this.#deployments = deployments;
      if (held) onHeld?.();
      await this.#handOut();
      const now = ports.clock.now();
      const isDue = nextDue !== undefined && nextDue <= now;
      if (isDue) await store.write.stepsDueNow({ now, limit: stepsMax });
      if (look.upTo === undefined) return isDue ? now + againMs : nextDue;
      after = look.upTo;
    }
  }

  /** Until no worker has a free slot for what is known to wait. */
  async #handOut(): Promise<void> {
    const { store, registry } = this.#parts;
    let lost = 0;
    while (lost < lostMax) {
      const workers = registry.view();
      const credits = workers.reduce((sum, worker) => sum + worker.credits, 0);
      const turns = this.#book.deal(workers, Math.min(credits, stepsMax));
      if (turns.size === 0) return;
      const steps = this.#book.atHand(turns) ?? (await store.read.stepsHead({ counts: turns }));
      const placed = this.#place(steps, workers);
      const claimed = await this.#claimAll(placed);
      this.#account(turns, steps, placed, claimed);
      // Others were faster: what they left is looked at again, but not for ever.
      lost = claimed.length === 0 ? lost + 1 : 0;
    }
  }

  #place(steps: readonly ReadyStep[], workers: ReturnType<WorkerRegistry["view"]>): Placed[] {
    const views = steps.flatMap((step) => {
      const queue = this.#book.get(step.queue);
      return queue === undefined ? [] : [{ ...step, queue, step }];
    });
    const counted = workers.map((worker) => ({
      ...worker,
      deployments: this.#deployments.get(worker.id) ?? 0,
    }));
    return place({ steps: views, workers: counted }).placed.flatMap(({ step: { step }, workerId }) => {
      const link = this.#parts.registry.get(parseWorkerId(workerId));
      return link === undefined ? [] : [{ step, link }];
    });
  }

  /** What came of the turns. */
  #account(
    turns: ReadonlyMap<number, number>,
    steps: readonly ReadyStep[],
    placed: readonly Placed[],
    claimed: readonly Claimed[],
  ): void {
    const found = countBy(steps.map(({ queue }) => queue));
    const had = new Set(claimed.map(key));
    const went = countBy(placed.flatMap(({ step }) => (had.has(key(step)) ? [step.queue] : [])));
    for (const [no, turn] of turns) {
      this.#book.charge(no, went.get(no) ?? 0);
      if ((found.get(no) ?? 0) < turn) this.#book.drained(no);
    }
    for (const { step } of placed) if (step.gated && !had.has(key(step))) this.#book.full(step.queue);
  }

  /** Claims of one round are one call; the tasks of a link leave together. */
  async #claimAll(placed: readonly Placed[]): Promise<readonly Claimed[]> {
    if (placed.length === 0) return [];
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
      if (link.ended.aborted || link.isClosed)
        await this.#handBack(
          list.map(({ ref }) => ref),
          link,
        );
      else link.sendTasks(list);
    }
    return claimed;
  }

  /** A pack that cannot be made fails its step, by name, and nothing else: no input may stop the dispatcher (D3). */
  async #claim({ step, link }: Placed): Promise<Asked> {
    const { workerId, bootId } = link.hello;
    const { runId, index, gated, queue } = step;
    const claim = { runId, index, workerId, bootId, ...(gated ? { queue } : {}) };
    try {
      const pack = await this.#finalPack(step);
      return { claim: pack === undefined ? claim : { ...claim, pack }, link };
    } catch (broken) {
      return { claim, link, broken };
    }
  }

  /** The link ended or closed between the claim and the sending, or another worker is the one: nobody has seen these tasks. */
  async #handBack(refs: readonly AttemptRef[], link: WorkerLink): Promise<void> {
    const results = refs.map(({ runId, stepId, attempt, generation }) => ({
      result: {
        ref: { runId, stepId, attempt, generation },
        outcome: "returned",
        outputs: new Map(),
        artifacts: [],
        logs: [],
      } as const,
      resultDigest: "",
    }));
    const { workerId } = link.hello;
    await this.#parts.store.write.attemptsFinish({ results, workerId, now: this.#parts.ports.clock.now() });
  }

  async #taskOrFailure(claimed: Claimed, link: WorkerLink, broken: unknown): Promise<Task | undefined> {
    try {
      if (broken !== undefined) throw broken;
      return await makeTask(claimed, link, this.#parts);
    } catch (error) {
      if (error instanceof FaultError && error.code === elsewhere) await this.#handBack([claimed], link);
      else await this.#fail(claimed, error);
      return undefined;
    }
  }

  /** The step was claimed, so that its failure stands under a fence as any other does; its worker hears nothing of it. */
  async #fail(claimed: Claimed, error: unknown): Promise<void> {
    const { runId, stepId, attempt, generation, workerId } = claimed;
    const code = error instanceof FaultError ? error.code : "internal";
    const failure = { code, message: `the task cannot be made: ${messageOf(error)}` };
    const { store, ports } = this.#parts;
    ports.log.warn(
      { run: runId, step: stepId, attempt, worker: workerId, ...failure },
      "a step failed before it went out",
    );
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

function countBy(numbers: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const no of numbers) counts.set(no, (counts.get(no) ?? 0) + 1);
  return counts;
}

const key = ({ runId, index }: { runId: string; index: number }): string => `${runId}/${index}`;

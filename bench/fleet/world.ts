/** What the rounds share: the coordinator of the moment, the fleet, a client, and where figures go. */

import { setTimeout as sleep } from "node:timers/promises";
import { type CoordinatorProcess, startCoordinator } from "../dispatch/coordinator-process.ts";
import type { StorePlace } from "../dispatch/store-places.ts";
import { type Submissions, submissionsTo } from "../dispatch/submissions.ts";
import { loopDelayMs, type Metrics, metrics } from "./coordinator-figures.ts";
import { sharedNow } from "./messages.ts";
import type { Fleet } from "./worker-processes.ts";

export interface World {
  readonly fleet: Fleet;
  readonly coordinator: Coordinated;
  readonly client: Submissions;
  readonly signal: AbortSignal;
  readonly say: (on: string, metric: string, value: number, unit: string) => void;
  readonly doing: (what: string) => void;
}

/** One coordinator after the other at one address. */
export class Coordinated implements AsyncDisposable {
  readonly #place: StorePlace;
  readonly #signal: AbortSignal;
  #process: CoordinatorProcess;

  private constructor(place: StorePlace, signal: AbortSignal, process: CoordinatorProcess) {
    this.#place = place;
    this.#signal = signal;
    this.#process = process;
  }

  static async start(place: StorePlace, signal: AbortSignal): Promise<Coordinated> {
    return new Coordinated(place, signal, await startCoordinator(place, signal));
  }

  get url(): string {
    return this.#process.address.url;
  }

  get pid(): number {
    return this.#process.pid;
  }

  client(): Submissions {
    return submissionsTo(new URL(this.url), this.#process.address.adminToken);
  }

  async metrics(): Promise<Metrics> {
    return await metrics(this.url, this.#process.address.adminToken);
  }

  /** Resolves when the next one listens. @returns when the one before was gone */
  async replace(how: "SIGTERM" | "SIGKILL"): Promise<number> {
    const port = Number(new URL(this.url).port);
    await this.#process.end(how);
    const goneAt = sharedNow();
    this.#process = await startCoordinator(this.#place, this.#signal, port);
    return goneAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.end("SIGKILL");
  }
}

/** Resolves when every worker was welcomed after that time. @returns when, in ascending order */
export async function allWelcomed({ fleet }: Pick<World, "fleet">, since: number): Promise<number[]> {
  const those = (): number[] => [...fleet.welcomedAt.values()].filter((at) => at >= since);
  await fleet.until("all workers are connected", () => those().length === fleet.size);
  return those().toSorted((a, b) => a - b);
}

export async function rest({ signal }: World, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal });
}

/** Calls `each` at a steady pace, whatever became of the calls before. @returns when each was made */
export async function paced(
  world: World,
  count: number,
  everyMs: number,
  each: (index: number) => Promise<void>,
): Promise<number[]> {
  const from = sharedNow();
  const at: number[] = [];
  const answers: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const waitMs = from + index * everyMs - sharedNow();
    if (waitMs > 0) await rest(world, waitMs);
    at.push(sharedNow());
    answers.push(each(index));
  }
  await Promise.all(answers);
  return at;
}

export function sayLoop(world: World, on: string, told: Metrics): void {
  world.say(on, "loop_delay_p99_ms", loopDelayMs(told, "p99"), "ms");
  world.say(on, "loop_delay_max_ms", loopDelayMs(told, "max"), "ms");
}

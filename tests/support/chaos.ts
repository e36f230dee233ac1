/** Coordinators that are killed again and again while runs go through them, and a judge who was not there. */

import type { RunDetail, RunEvent, RunId } from "@haversack/protocol";
import { expect } from "vitest";
import { acceptedCounts, type Fleet, noSignal } from "./fleet.ts";

export interface ChaosDag {
  readonly text: string;
  readonly fileName: string;
  readonly params: Record<string, string>;
}

/** A coordinator with one worker of its own. */
export interface ChaosFleet {
  readonly fleet: Fleet;
  readonly worker: string;
}

export interface ChaosParts {
  readonly fleets: readonly ChaosFleet[];
  readonly dags: readonly ChaosDag[];
  /** Asked before each round: one more? */
  readonly goesOn: (bitten: number) => boolean;
  /** From 0 (included) to 1 (excluded), the same for the same seed. */
  readonly random: () => number;
}

export interface ChaosReport {
  /** Acknowledged to whoever submitted them. */
  readonly runs: readonly RunId[];
  readonly kills: number;
  /** Kills that found steps in the hands of the victim's worker. */
  readonly bitten: number;
  /** Submissions that got no answer and were repeated, with the same key. */
  readonly repeated: number;
}

/** Events of a run by which the victim is killed at the latest. */
const momentMax = 12;

/** In each round every DAG is submitted and one coordinator dies somewhere in the middle, with a submission on its way. */
export async function runChaos({ fleets, dags, goesOn, random }: ChaosParts): Promise<ChaosReport> {
  const runs: RunId[] = [];
  const counts = { kills: 0, bitten: 0, repeated: 0 };
  const back = new Map<ChaosFleet, Promise<unknown>>();
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

  /** Until somebody acknowledges it. */
  async function submit({ text, fileName, params }: ChaosDag, idempotencyKey: string): Promise<void> {
    const first = fleets.indexOf(pick(fleets));
    for (let tries = 0; ; tries++) {
      const at = fleets[(first + tries) % fleets.length] as ChaosFleet;
      try {
        const client = await at.fleet.client();
        const { run } = await client.submit({ dag: text, fileName, params, idempotencyKey }, noSignal);
        runs.push(run.id);
        return;
      } catch (error) {
        if (!back.has(at)) throw error;
        counts.repeated += 1;
        // The others may know an answer at once.
        if (tries >= fleets.length - 1) await back.get(at);
      }
    }
  }

  for (let round = 0; goesOn(counts.bitten); round++) {
    const victim = pick(fleets);
    // One dies at a time.
    await Promise.all(back.values());
    const first = runs.length;
    await Promise.all(dags.map((dag, index) => submit(dag, `${round}-${index}`)));
    await reached(victim.fleet, pick(runs.slice(first)), 1 + Math.floor(random() * momentMax));
    counts.kills += 1;
    if (await hasWork(victim)) counts.bitten += 1;
    const killed = victim.fleet.killCoordinator();
    back.set(
      victim,
      killed.then(() => victim.fleet.startCoordinator()),
    );
    await submit(pick(dags), `${round}-late`);
  }
  await Promise.all(back.values());
  return { runs, ...counts };
}

async function hasWork({ fleet, worker }: ChaosFleet): Promise<boolean> {
  const client = await fleet.client();
  const { runs } = await client.runs({ status: "running", pageSize: 100 }, noSignal);
  const details = await Promise.all(runs.map(({ id }) => client.run(id, noSignal)));
  return details.some(({ steps }) =>
    steps.some(
      ({ phase, workerName }) => workerName === worker && (phase === "leased" || phase === "running"),
    ),
  );
}

/** Resolves at the latest when the run has ended. */
async function reached(fleet: Fleet, run: RunId, seq: number): Promise<void> {
  for await (const event of fleet.events(run)) if (event.seq >= seq) return;
}

/** What must hold of a run whoever was killed: it succeeded, each step once, in order, and its events tell all of it. */
export function judge(run: RunDetail, events: readonly RunEvent[]): void {
  expect(run.status).toBe("succeeded");
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(acceptedCounts(events)).toEqual(new Map(acceptedOrder(events).map((stepId) => [stepId, 1])));
  expect(acceptedOrder(events).toSorted()).toEqual(run.steps.map(({ id }) => id).toSorted());
  const seqs = (stepId: string, phase: string): number[] =>
    events.flatMap(({ seq, change }) =>
      change.kind === "step" && change.stepId === stepId && change.phase === phase ? [seq] : [],
    );
  for (const { id, depends } of run.steps) {
    const started = Math.min(...seqs(id, "leased"));
    for (const dependency of depends) expect(seqs(dependency, "succeeded")[0]).toBeLessThan(started);
    // Nobody touches a step that has ended.
    expect(Math.max(...seqs(id, "leased"))).toBeLessThan(seqs(id, "succeeded")[0] ?? 0);
  }
}

const acceptedOrder = (events: readonly RunEvent[]): string[] =>
  events.flatMap(({ change }) =>
    change.kind === "step" && change.phase === "succeeded" ? [change.stepId] : [],
  );

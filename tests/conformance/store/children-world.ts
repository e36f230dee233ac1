/** Runs within runs, for the suites about them: who starts which, and how one ends. */

import { present, systemRandom } from "@haversack/base";
import { allSteps, type DagSpec, localDag, parseRunId, type RunId, type StepSpec } from "@haversack/protocol";
import type { ReadyChild } from "../../../packages/coordinator/src/store/verbs/child-ready.ts";
import type { PinnedDagRow } from "../../../packages/coordinator/src/store/verbs/pinned-dags.ts";
import type { StoredPack } from "../../../packages/coordinator/src/store/verbs/snapshot-verbs.ts";
import { digestOf } from "../../../packages/coordinator/src/testing/packs.ts";
import { RetentionWorld } from "./retention-world.ts";
import { dag, step } from "./store-world.ts";

const digestOfSpec = (spec: DagSpec) => digestOf(JSON.stringify(spec));

/** A step that is a run of another DAG. */
export const call = (
  id: string,
  use: string,
  depends: string[] = [],
  more: Partial<StepSpec> = {},
): StepSpec => step(id, depends, { work: { kind: "dag", use, params: {} }, ...more });

/** A DAG with local ones: `use` finds them by name. */
export function family(spec: DagSpec, locals: Readonly<Record<string, DagSpec>>): DagSpec {
  const dags = Object.entries(locals).map(([name, local]) => [name, { ...local, name, localOf: spec.name }]);
  return { ...spec, dags: Object.fromEntries(dags) };
}

/** One step that starts `leaf`, a local DAG of one command with an output. */
export const simple = (more: Partial<StepSpec> = {}): DagSpec =>
  family(dag(call("call", "leaf", [], more), step("after", ["call"])), {
    leaf: { ...dag(step("work", [], { outputs: ["n"] })), outputs: { n: "${{ steps.work.outputs.n }}" } },
  });

export class ChildrenWorld extends RetentionWorld {
  /** With the pins of all local DAGs; each step of them has the same pack, or none. */
  async submitFamily(spec: DagSpec, pack?: StoredPack): Promise<RunId> {
    const pinned = Object.keys(spec.dags ?? {}).map((name): PinnedDagRow => {
      const local = present(localDag(spec, name), "a local DAG");
      const steps =
        pack === undefined ? [] : allSteps(local).map((_, index) => ({ index, pinDigest: pack.digest }));
      const key = `${spec.name}/${name}`;
      return { key, dagDigest: digestOfSpec(local), dag: local, source: "", fileName: "f.yaml", steps };
    });
    const { runId } = await this.store.write.runSubmit({
      id: parseRunId(systemRandom.id()),
      dagDigest: digestOfSpec(spec),
      dag: spec,
      source: "",
      params: {},
      bodyDigest: digestOf("body"),
      now: this.now,
      steps: allSteps(spec).map(() => ({ labels: {} })),
      packs: pack === undefined ? [] : [pack],
      pinned,
    });
    return runId;
  }

  async readyChildren(): Promise<ReadyChild[]> {
    return (await this.store.read.childrenReady({ now: this.now, limit: 1000 })).steps;
  }

  async startChild(ready: ReadyChild, id = parseRunId(systemRandom.id())): Promise<RunId | undefined> {
    const { runId, index, attempt } = ready;
    const { dag, dagDigest, steps: pins } = present(ready.child?.pinned, "what is pinned");
    const byIndex = new Map(pins.map(({ index: at, ...pin }) => [at, pin]));
    const steps = allSteps(dag).map((_, at) => ({ labels: {}, ...byIndex.get(at) }));
    const child = {
      id,
      dagDigest,
      dag,
      params: ready.child?.params ?? {},
      bodyDigest: digestOf(id),
      steps,
      packs: [],
    };
    const isStarted = await this.store.write.childStart({ runId, index, attempt, now: this.now, child });
    return isStarted ? id : undefined;
  }

  /** Starts the run of the only step that may start one. */
  async startOnly(): Promise<RunId> {
    const [only, ...more] = await this.readyChildren();
    if (more.length > 0) throw new Error("more than one step may start a run");
    return present(await this.startChild(present(only, "a step that may start")), "a child run");
  }

  /** What the coordinator does when something has ended, was cancelled, or is late; to the end. */
  async settle(): Promise<void> {
    for (;;) {
      const { now, store } = this;
      const { nextDeadline: _, ...due } = await store.read.childrenDue({ now, limit: 1000 });
      if (Object.values(due).every(({ length }) => length === 0)) return;
      for (const each of due.ended) await store.write.childSettle({ ...each, now });
      for (const id of due.toCancel) await store.write.runCancel({ id, now });
      for (const id of due.overdue) await store.write.childExpire({ id, now });
      for (const id of due.toPause) await store.write.childPause({ id, now });
      for (const id of due.toResume) await store.write.childResume({ id, now });
    }
  }

  async cancel(id: RunId): Promise<void> {
    await this.store.write.runCancel({ id, now: this.now });
  }

  /** The only command of a run succeeds, with an output. */
  async work(run: RunId, stepId = "work"): Promise<void> {
    const worker = this.worker("w");
    await worker.finish(await worker.claim(run, stepId), { outputs: new Map([["n", 7]]) });
  }

  async stepOf(run: RunId, id: string) {
    const { steps } = await this.store.read.runRead({ id: run });
    return present(
      steps.find((each) => each.id === id),
      id,
    );
  }
}

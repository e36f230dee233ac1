/** Runs that name packs, and how they come to an end, for the suites about what is forgotten and collected. */

import { present, systemRandom } from "@haversack/base";
import { type DagSpec, isTerminalRun, parseRunId, type RunId } from "@haversack/protocol";
import type { PackPlace } from "../../../packages/coordinator/src/store/verbs/collect-verbs.ts";
import type { StoredPack } from "../../../packages/coordinator/src/store/verbs/snapshot-verbs.ts";
import { digestOf } from "../../../packages/coordinator/src/testing/packs.ts";
import { dag, step, ttlMs, World } from "./store-world.ts";

export class RetentionWorld extends World {
  /** One step for each pack; a `late` one is named when its step is handed out, as memory is. */
  async submitWith(pins: readonly StoredPack[], spec?: DagSpec): Promise<RunId> {
    const plain = spec ?? dag(...pins.map((_, index) => step(`s${index}`)));
    const { runId } = await this.store.write.runSubmit({
      id: parseRunId(systemRandom.id()),
      dagDigest: digestOf(JSON.stringify(plain)),
      dag: plain,
      source: "",
      params: {},
      bodyDigest: digestOf("body"),
      now: this.now,
      steps: pins.map(({ digest }) => ({ labels: {}, pinDigest: digest })),
      packs: pins,
    });
    return runId;
  }

  /** Hands out every ready step of the run and lets it succeed; the first step gets this pack. */
  async finish(runId: RunId, final?: StoredPack): Promise<void> {
    const worker = this.worker("w");
    for (const { id, phase } of (await this.store.read.runRead({ id: runId })).steps) {
      if (phase !== "ready") continue;
      const claimed = present(await this.take(runId, id, final), `claim of ${id}`);
      const { attempt, generation, stepId } = claimed;
      await worker.finish({ runId, stepId, attempt, generation });
    }
  }

  async take(runId: RunId, stepId: string, final?: StoredPack) {
    const { id: workerId, bootId } = this.worker("w");
    const { now, store } = this;
    const index = (await store.read.runRead({ id: runId })).steps.findIndex(({ id }) => id === stepId);
    const claim = { runId, index, workerId, bootId, ...(final === undefined ? {} : { pack: final }) };
    const lease = { leaseUntil: now + ttlMs, now, generation: store.generation };
    const [claimed] = await store.write.stepsTake({ claims: [claim], ...lease });
    return claimed;
  }

  /** Forgets what ended before, to the last row, in slices of so many. */
  async retire(endedBefore: number, limit = 500): Promise<void> {
    while ((await this.store.write.runsRetire({ endedBefore, limit })) === limit);
    for (;;) {
      const ids = await this.store.read.runsForgotten({ limit });
      if (ids.length === 0) return;
      while ((await this.store.write.runsErase({ ids, limit })) === limit);
    }
  }

  /** One whole round, in slices of so many. @returns how many packs went */
  async collect(createdBefore: number, limit = 500): Promise<number> {
    let after: PackPlace | undefined;
    let packs = 0;
    do {
      const at = after === undefined ? {} : { after };
      const collected = await this.store.write.snapshotsCollect({ createdBefore, limit, ...at });
      packs += collected.packs;
      after = collected.next;
    } while (after !== undefined);
    return packs;
  }

  async has({ digest }: StoredPack): Promise<boolean> {
    return await this.store.read.snapshotRead({ digest }).then(
      () => true,
      () => false,
    );
  }

  async hasEnded(id: RunId): Promise<boolean> {
    return isTerminalRun((await this.store.read.runRead({ id })).status);
  }
}

/** Where runs stand in a trace: kept with the run, given to whoever claims its steps, told once when it has ended. */

import { present, systemRandom } from "@haversack/base";
import {
  type AttemptRef,
  allSteps,
  type EndedRun,
  parseRunId,
  type RunTrace,
  spanIdOfRun,
  traceOfRun,
} from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, digestOf, step, World } from "./store-world.ts";

const context = { traceId: "a".repeat(32), spanId: "b".repeat(16), flags: 1, state: "vendor=1" };

class TracedWorld extends World {
  async submitTraced(trace: RunTrace | undefined) {
    const id = parseRunId(systemRandom.id());
    const spec = dag(step("a"));
    await this.store.write.runSubmit({
      id,
      dagDigest: digestOf(JSON.stringify(spec)),
      dag: spec,
      source: "",
      params: {},
      bodyDigest: digestOf("body"),
      now: this.now,
      steps: allSteps(spec).map(() => ({ labels: {} })),
      packs: [],
      ...(trace === undefined ? {} : { trace }),
    });
    return id;
  }
}

export function describeTraces(name: string, open: OpenStore): void {
  describe(`${name}: traces`, () => {
    test("a claim has the place of the run, and the end of the run is told once, here", async () => {
      await using store = await open();
      const world = new TracedWorld(store);
      const ended: EndedRun[] = [];
      store.listen({ ended: (runs) => void ended.push(...runs) });
      const trace = traceOfRun(context, spanIdOfRun(parseRunId("r")));
      const run = await world.submitTraced(trace);
      const submittedAt = world.now;
      world.now += 5000;
      const worker = world.worker("w");
      const claim = present(await worker.tryClaim(run, "a"), "a claim");
      expect(claim.trace).toEqual({ ...context, spanId: trace.spanId });
      const { now } = world;
      await worker.finish(refOf(claim));
      // The same result again is no second end.
      await worker.finish(refOf(claim));
      expect(ended).toEqual([
        { id: run, dagName: "test", status: "succeeded", createdAt: submittedAt, endedAt: now, trace },
      ]);
    });

    test("a run without a span of its own, or without a trace, is told to nobody", async () => {
      await using store = await open();
      const world = new TracedWorld(store);
      const ended: EndedRun[] = [];
      store.listen({ ended: (runs) => void ended.push(...runs) });
      const worker = world.worker("w");
      const through = await world.submitTraced(traceOfRun(context, undefined));
      const claim = present(await worker.tryClaim(through, "a"), "a claim");
      expect(claim.trace).toEqual(context);
      await worker.finish(refOf(claim));
      const none = present(await worker.tryClaim(await world.submitTraced(undefined), "a"), "a claim");
      expect(none.trace).toBeUndefined();
      await worker.finish(refOf(none));
      expect(ended).toEqual([]);
    });

    test("a retry names the run that it repeats, when it has a trace itself", async () => {
      await using store = await open();
      const world = new TracedWorld(store);
      const ended: EndedRun[] = [];
      store.listen({ ended: (runs) => void ended.push(...runs) });
      const worker = world.worker("w");
      const first = traceOfRun(context, "1".repeat(16));
      const run = await world.submitTraced(first);
      await worker.fail(await worker.claim(run, "a"));
      const trace = traceOfRun({ ...context, traceId: "c".repeat(32) }, "2".repeat(16));
      const again = await world.retry(run, { trace });
      await worker.finish(await worker.claim(again, "a"));
      const plain = await world.retry(await failedWithout(world));
      expect((await worker.tryClaim(plain, "a"))?.trace).toBeUndefined();
      const { traceId, spanId } = first;
      expect(ended.map((each) => each.trace)).toEqual([first, { ...trace, repeats: { traceId, spanId } }]);
    });
  });
}

const refOf = ({ runId, stepId, attempt, generation }: AttemptRef): AttemptRef => ({
  runId,
  stepId,
  attempt,
  generation,
});

async function failedWithout(world: TracedWorld) {
  const run = await world.submitTraced(undefined);
  const worker = world.worker("w");
  await worker.fail(await worker.claim(run, "a"));
  return run;
}

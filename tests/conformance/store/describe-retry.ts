/** Retrying a run: what succeeded is kept, the rest is done again, the earlier run stays as it was. */

import { type Digest, parseDigest, parseRunId, type RunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, World } from "./store-world.ts";

const digest = (letter: string): Digest => parseDigest(`sha256:${letter.repeat(64)}`);

class RetryWorld extends World {
  /** a succeeded with an output and an artifact, b failed, c waited for b, d stands alone and succeeded. */
  async failedRun(): Promise<RunId> {
    const worker = this.worker("w");
    const run = await this.submit(
      dag(step("a", [], { outputs: ["n"] }), step("b", ["a"]), step("c", ["b"]), step("d")),
    );
    const artifacts = [{ path: "out.txt", digest: digest("e"), size: 3, executable: false }];
    await worker.finish(await worker.claim(run, "a"), { outputs: new Map([["n", 7]]), artifacts });
    await worker.finish(await worker.claim(run, "d"));
    await worker.fail(await worker.claim(run, "b"));
    expect(await this.phases(run)).toBe("failed: a=succeeded b=failed c=blocked d=succeeded");
    return run;
  }
}

export function describeRetry(name: string, open: OpenStore): void {
  describe(`${name}: retrying`, () => {
    test("does again what did not succeed, with what the others had made", async () => {
      await using store = await open();
      const world = new RetryWorld(store);
      const first = await world.failedRun();
      const again = await world.retry(first);
      expect(await world.phases(again)).toBe("queued: a=succeeded b=ready c=waiting d=succeeded");
      const run = await store.read.runRead({ id: again });
      expect(run.retryOf).toBe(first);
      expect(run.steps[0]).toMatchObject({ attempt: 0, outputs: { n: 7 }, artifacts: [{ path: "out.txt" }] });
      const worker = world.worker("w");
      await worker.finish(await worker.claim(again, "b"));
      await worker.finish(await worker.claim(again, "c"));
      expect(await world.phases(again)).toBe("succeeded: a=succeeded b=succeeded c=succeeded d=succeeded");
      expect(await world.phases(first)).toBe("failed: a=succeeded b=failed c=blocked d=succeeded");
      const { events } = await store.read.runEvents({ id: again, afterSeq: 0, limit: 100 });
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    });

    test("from a step: that one and all behind it, whatever became of them", async () => {
      await using store = await open();
      const world = new RetryWorld(store);
      const again = await world.retry(await world.failedRun(), { fromStep: "a" });
      expect(await world.phases(again)).toBe("queued: a=ready b=waiting c=waiting d=succeeded");
      const third = await world.retry(again, { fromStep: "d" }).catch((error: unknown) => error);
      expect(third).toMatchObject({ code: "run_not_ended" });
    });

    test("once for an idempotency key", async () => {
      await using store = await open();
      const world = new RetryWorld(store);
      const first = await world.failedRun();
      const again = await world.retry(first, { idempotencyKey: "k" });
      expect(await world.retry(first, { idempotencyKey: "k" })).toBe(again);
      expect(await store.read.runsCount()).toBe(2);
    });

    test("says what cannot be retried, and then leaves nothing behind", async () => {
      await using store = await open();
      const world = new RetryWorld(store);
      const first = await world.failedRun();
      await expect(world.retry(first, { fromStep: "x" })).rejects.toMatchObject({ code: "unknown_step" });
      await expect(world.retry(parseRunId("none"))).rejects.toMatchObject({ code: "unknown_run" });
      const good = await world.submit(dag(step("a")));
      const worker = world.worker("w");
      await expect(world.retry(good)).rejects.toMatchObject({ code: "run_not_ended" });
      await worker.finish(await worker.claim(good, "a"));
      await expect(world.retry(good)).rejects.toMatchObject({ code: "nothing_to_retry" });
      expect(await store.read.runsCount()).toBe(2);
    });

    test("of a cancelled run starts what was cancelled", async () => {
      await using store = await open();
      const world = new RetryWorld(store);
      const run = await world.submit(dag(step("a"), step("b", ["a"])));
      await store.write.runCancel({ id: run, now: world.now });
      expect(await world.phases(await world.retry(run))).toBe("queued: a=ready b=waiting");
    });
  });
}

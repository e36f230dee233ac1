/** Handlers: started by the commit that ends the steps, over before the run is. */

import { parseDigest } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, World, withHandlers } from "./store-world.ts";

const allKinds = () =>
  withHandlers(dag(step("a"), step("b", ["a"])), {
    onSuccess: [step("good")],
    onFailure: [step("bad")],
    onCancel: [step("gone")],
    onExit: [step("exit")],
  });

export function describeHandlers(name: string, open: OpenStore): void {
  describe(`${name}: handlers`, () => {
    test("those for the end come first, then onExit; the run ends with them", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(allKinds());
      expect(await world.phases(run)).toBe(
        "queued: a=ready b=waiting good=waiting bad=waiting gone=waiting exit=waiting",
      );
      for (const id of ["a", "b"]) await worker.finish(await worker.claim(run, id));
      expect(await world.phases(run)).toBe(
        "running: a=succeeded b=succeeded good=ready bad=skipped gone=skipped exit=waiting",
      );
      await worker.finish(await worker.claim(run, "good"));
      await worker.finish(await worker.claim(run, "exit"));
      expect(await world.phases(run)).toBe(
        "succeeded: a=succeeded b=succeeded good=succeeded bad=skipped gone=skipped exit=succeeded",
      );
    });

    describeWhatTheySee(open);
    test("a handler that fails leaves a succeeded run succeeded", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(
        withHandlers(dag(step("a")), { onSuccess: [step("h")], onExit: [step("x")] }),
      );
      await worker.finish(await worker.claim(run, "a"));
      await worker.fail(await worker.claim(run, "h"));
      await worker.fail(await worker.claim(run, "x"));
      expect(await world.phases(run)).toBe("succeeded: a=succeeded h=failed x=failed");
    });
  });

  describeCancels(name, open);
  describeRetried(name, open);
}

function describeCancels(name: string, open: OpenStore): void {
  describe(`${name}: handlers, cancels and retries`, () => {
    test("a cancel of the steps starts onCancel and onExit, once, and they are not cancelled", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(allKinds());
      const ref = await worker.claim(run, "a");
      await store.write.runCancel({ id: run, now: world.now });
      await worker.finish(ref, { outcome: "cancelled" });
      expect(await world.phases(run)).toBe(
        "running: a=cancelled b=cancelled good=skipped bad=skipped gone=ready exit=waiting",
      );
      const gone = await worker.claim(run, "gone");
      expect((await worker.renew(gone)).cancelled).toEqual([]);
      expect((await store.write.runCancel({ id: run, now: world.now })).live).toEqual([]);
      await worker.finish(gone);
      await worker.finish(await worker.claim(run, "exit"));
      expect(await world.phases(run)).toBe(
        "cancelled: a=cancelled b=cancelled good=skipped bad=skipped gone=succeeded exit=succeeded",
      );
    });

    test("a cancel that came while a step failed, or too late, starts onCancel too", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      for (const outcome of ["succeeded", "failed"] as const) {
        const spec = withHandlers(dag(step("a"), step("b")), {
          onSuccess: [step("good")],
          onFailure: [step("bad")],
          onCancel: [step("gone")],
        });
        const run = await world.submit(spec);
        const [a, b] = [await worker.claim(run, "a"), await worker.claim(run, "b")];
        if (outcome === "failed") await worker.fail(a);
        else await worker.finish(a);
        await store.write.runCancel({ id: run, now: world.now });
        await worker.finish(b);
        expect(await world.phases(run)).toBe(
          `running: a=${outcome} b=succeeded good=skipped bad=skipped gone=ready`,
        );
        await worker.finish(await worker.claim(run, "gone"));
        expect((await store.read.runRead({ id: run })).status).toBe(outcome);
      }
    });

    test("a cancel during handlers ends those that are not for it; onExit still comes, and the end stays", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const spec = withHandlers(dag(step("a")), { onSuccess: [step("g"), step("h")], onExit: [step("x")] });
      const run = await world.submit(spec);
      await worker.finish(await worker.claim(run, "a"));
      const live = await worker.claim(run, "g");
      expect((await store.write.runCancel({ id: run, now: world.now })).live).toEqual([live]);
      expect(await world.phases(run)).toBe("running: a=succeeded g=leased h=cancelled x=waiting");
      await worker.finish(live, { outcome: "cancelled" });
      await worker.finish(await worker.claim(run, "x"));
      expect(await world.phases(run)).toBe("succeeded: a=succeeded g=cancelled h=cancelled x=succeeded");
    });
  });
}

function describeWhatTheySee(open: OpenStore): void {
  test("see how the run went, and every output; their failures change nothing", async () => {
    await using store = await open();
    const world = new World(store);
    const worker = world.worker("w");
    const env = { WHY: "${{ run.error }}", HOW: "${{ run.status }}", N: "${{ steps.a.outputs.n }}" };
    const run = await world.submit(
      withHandlers(dag(step("a", [], { outputs: ["n"] }), step("b", ["a"])), {
        onFailure: [
          step("tell", [], { env, inputs: ["*"] }),
          step("other", [], { condition: "run.status == 'cancelled'" }),
        ],
      }),
    );
    const digest = `sha256:${"e".repeat(64)}`;
    const artifacts = [{ path: "out.txt", digest: parseDigest(digest), size: 3, executable: false }];
    await worker.finish(await worker.claim(run, "a"), { outputs: new Map([["n", 7]]), artifacts });
    await worker.fail(await worker.claim(run, "b"));
    expect(await world.phases(run)).toBe("running: a=succeeded b=failed tell=ready other=skipped");
    const claimed = await worker.tryClaim(run, "tell");
    expect(claimed).toMatchObject({
      data: { run: { error: "step b: no", status: "failed" }, outputs: new Map([["a/n", 7]]) },
      artifacts: [{ path: "out.txt" }],
    });
    const { runId, stepId, attempt, generation } = claimed ?? expect.fail("not claimed");
    await worker.fail({ runId, stepId, attempt, generation });
    expect(await world.phases(run)).toBe("failed: a=succeeded b=failed tell=failed other=skipped");
    expect((await store.read.runRead({ id: run })).failure?.message).toBe("step b: no");
  });
}

function describeRetried(name: string, open: OpenStore): void {
  describe(`${name}: handlers of a retried run`, () => {
    test("come again with a retry, whatever became of them", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const spec = withHandlers(dag(step("a"), step("b", ["a"])), {
        onSuccess: [step("g")],
        onFailure: [step("f")],
      });
      const run = await world.submit(spec);
      await worker.finish(await worker.claim(run, "a"));
      await worker.fail(await worker.claim(run, "b"));
      await worker.fail(await worker.claim(run, "f"));
      expect(await world.phases(run)).toBe("failed: a=succeeded b=failed g=skipped f=failed");
      const again = await world.retry(run);
      expect(await world.phases(again)).toBe("queued: a=succeeded b=ready g=waiting f=waiting");
      await worker.finish(await worker.claim(again, "b"));
      await worker.finish(await worker.claim(again, "g"));
      expect(await world.phases(again)).toBe("succeeded: a=succeeded b=succeeded g=succeeded f=skipped");
      await expect(world.retry(again)).rejects.toMatchObject({ code: "nothing_to_retry" });
    });
  });
}

/** What an attempt may ask of the vault: what its step and its pack name, while it is live. */

import { systemRandom } from "@haversack/base";
import { parseGeneration, parseRunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { packOf } from "../../../packages/coordinator/src/testing/packs.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, digestOf, step, ttlMs, World } from "./store-world.ts";

const secrets = [
  { variable: "A", from: { secret: "one" } },
  { variable: "B", from: { secret: "one" } },
  { variable: "C", from: { env: "HOST" } },
] as const;

export function describeAttemptSecrets(name: string, open: OpenStore): void {
  describe(`${name}: secrets of an attempt`, () => {
    test("are those that its step names, as long as it is live", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a", [], { secrets }), step("b")));
      const [a, b] = [await worker.claim(run, "a"), await worker.claim(run, "b")];
      expect(await store.read.attemptSecrets({ ref: a })).toEqual({ workerId: worker.id, names: ["one"] });
      expect(await store.read.attemptSecrets({ ref: b })).toEqual({ workerId: worker.id, names: [] });
      for (const ref of [
        { ...a, attempt: 2 },
        { ...a, attempt: 0 },
        { ...a, generation: parseGeneration("0-other") },
        { ...a, runId: parseRunId(systemRandom.id()) },
      ]) {
        expect(await store.read.attemptSecrets({ ref })).toBeUndefined();
      }
      await worker.finish(a);
      expect(await store.read.attemptSecrets({ ref: a })).toBeUndefined();
      world.now += ttlMs + 1;
      await world.expire();
      expect(await store.read.attemptSecrets({ ref: b })).toBeUndefined();
    });

    test("are those of its pack too", async () => {
      await using store = await open();
      const world = new World(store);
      const spec = dag(step("a", [], { secrets }));
      const pack = { ...packOf("with secrets"), secrets: ["env:X", "file:/y", "secret:of-model"] };
      const { runId } = await store.write.runSubmit({
        id: parseRunId(systemRandom.id()),
        dagDigest: digestOf(JSON.stringify(spec)),
        dag: spec,
        source: "",
        params: {},
        bodyDigest: digestOf("body"),
        now: world.now,
        steps: [{ labels: {}, pinDigest: pack.digest, snapshotDigest: pack.digest }],
        packs: [pack],
      });
      const ref = await world.worker("w").claim(runId, "a");
      expect((await store.read.attemptSecrets({ ref }))?.names).toEqual(["one", "of-model"]);
    });
  });
}

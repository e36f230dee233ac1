/** An engine that dies in the middle of something: its absence is said at once, and nothing half-done counts when it is back. */

import { systemClock } from "@haversack/base";
import { expect, test } from "vitest";
import { openDockerRuntime } from "../../../packages/worker/src/runtime/docker/docker-runtime.ts";
import { ownEngine, withEngine } from "../../support/container-engines.ts";
import { testRegistry } from "../../support/registry.ts";
import { ofBallast, pullingBegun, pullWorld } from "./describe-pulls.ts";
import { dockerWorld } from "./docker-world.ts";
import { expectNothingLeft, mountsBelow } from "./nothing-left.ts";
import { containerSpec, never } from "./runtime-world.ts";

for (const kind of ["docker", "podman"] as const) {
  withEngine(kind, `${kind}, killed`, () => {
    test("in mid-pull, in mid-import and with a container", async () => {
      await using engine = await ownEngine(kind);
      await using world = await dockerWorld(engine.address);
      const { runtime } = world;
      const mounted = mountsBelow(engine.folder);
      await using registry = await testRegistry({
        bytesPerSecond: 500_000,
        fault: ofBallast(() => ({ stallAt: 1_000_000 })),
      });
      const { pull } = pullWorld(registry);
      const asReference = { id: pull.ref, arch: pull.arch };
      const { flight } = await pullingBegun(runtime, pull);
      await engine.kill();
      await expect(flight).rejects.toMatchObject({ fault: "unavailable", code: "engine_unavailable" });
      expect(await runtime.inspectImage(asReference, never)).toMatchObject({ kind: "unknown" });

      await engine.startAgain();
      expect(await runtime.inspectImage(asReference, never)).toEqual({ kind: "absent" });
      registry.fault = undefined;
      registry.bytesPerSecond = undefined;
      await runtime.pullImage(pull, () => {}, never);
      expect(await runtime.inspectImage(asReference, never)).toMatchObject({ kind: "present" });

      const image = await world.shelve({ ballastBytes: 8_000_000 });
      const begun = Promise.withResolvers<void>();
      const loading = runtime.importImage(image.file, image.identity, () => begun.resolve(), never);
      loading.catch(() => {});
      await begun.promise;
      await engine.kill();
      await expect(loading).rejects.toMatchObject({ fault: "unavailable" });
      await engine.startAgain();
      expect(await runtime.inspectImage(image.identity, never)).toEqual({ kind: "absent" });
      await runtime.importImage(image.file, image.identity, () => {}, never);

      const { id } = await runtime.create(containerSpec(world, image.identity), never);
      await runtime.start(id, never);
      expect(mountsBelow(engine.folder).length).toBeGreaterThan(mounted.length);
      await engine.kill();
      await expect(runtime.inspect(id, never)).rejects.toMatchObject({ fault: "unavailable" });
      await engine.startAgain();
      expect((await runtime.list(world.cluster, never)).map((each) => each.id)).toEqual([id]);
      await runtime.remove(id, never);
      const more = () => mountsBelow(engine.folder).filter((place) => !mounted.includes(place));
      await expect.poll(more).toEqual([]);
      await expectNothingLeft(world);
    });

    test("who watches hears again when it is back", async () => {
      await using engine = await ownEngine(kind);
      const runtime = await openDockerRuntime({ host: engine.address, clock: systemClock });
      const stopping = new AbortController();
      let told = 0;
      const watching = runtime.watch(() => void (told += 1), stopping.signal);
      await expect.poll(() => told).toBe(1);
      await engine.kill();
      await engine.startAgain();
      await expect.poll(() => told, { timeout: 20_000 }).toBeGreaterThan(1);
      stopping.abort();
      await watching;
    });
  });
}

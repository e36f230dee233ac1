/** The promises of `Runtime`, for every engine and for the one in memory. */

import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { describeContainers } from "./describe-containers.ts";
import { describeImages } from "./describe-images.ts";
import { describeInside } from "./describe-inside.ts";
import { expectNothingLeft, type RuntimeWorld } from "./runtime-world.ts";

/** @param open with programs that really run or without, as `runs` says beforehand */
export function describeRuntime(name: string, open: () => Promise<RuntimeWorld>, runs = true): void {
  describe(`${name} keeps the promises of a container engine`, () => {
    let world: RuntimeWorld;
    beforeAll(async () => {
      world = await open();
    });
    afterEach(async () => {
      await expectNothingLeft(world);
    });
    afterAll(async () => {
      await world[Symbol.asyncDispose]();
    });
    describeImages(() => world, runs);
    describeContainers(() => world, runs);
    if (runs) describeInside(() => world);
  });
}

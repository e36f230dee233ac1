/** The promises of `Runtime`, for every engine and for the one in memory. */

import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { describeContainers } from "./describe-containers.ts";
import { describeImages } from "./describe-images.ts";
import { describeInside } from "./describe-inside.ts";
import { expectNothingLeft } from "./nothing-left.ts";
import type { RuntimeWorld } from "./runtime-world.ts";

export interface RuntimeTraits {
  /** Whether programs really run in the containers of the world. */
  readonly runs?: boolean;
  /** What only some engines promise, in the same world. */
  readonly more?: (the: () => RuntimeWorld) => void;
}

export function describeRuntime(
  name: string,
  open: () => Promise<RuntimeWorld>,
  { runs = true, more }: RuntimeTraits = {},
): void {
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
    more?.(() => world);
  });
}

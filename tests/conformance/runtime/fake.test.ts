/** Whoever tests with the engine in memory may rely on what the real ones promise. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fakeRuntime } from "../../../packages/worker/src/testing/fake-runtime.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { describeRuntime } from "./describe-runtime.ts";
import { hostArch } from "./runtime-world.ts";

describeRuntime(
  "The engine in memory",
  async () => {
    const folder = await tempFolder();
    const gone = fakeRuntime();
    gone.goneBecause = "it is not there";
    let shelved = 0;
    return {
      runtime: fakeRuntime({ info: { arch: hostArch } }),
      gone,
      cluster: "in-memory",
      runs: false,
      async shelve({ arch = hostArch, stamp = "1" } = {}) {
        shelved += 1;
        const file = join(folder.path, `image-${shelved}`);
        await writeFile(file, "an image");
        return { file, identity: { id: `sha256:${String(shelved).padStart(64, "0")}`, arch, stamp } };
      },
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  },
  { runs: false },
);

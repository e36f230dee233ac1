import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// A test starts many processes and threads that load the same sources: the first one compiles them for all.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("node_modules/.cache/compile", import.meta.url));

// One project for each kind of test, so that `npm run check` can leave the slow ones to CI. The times bound what hangs, on
// a slow machine that does other things as well.
const project = (name: string, include: string[], testTimeout: number) => ({
  extends: true as const,
  test: { name, include, testTimeout, hookTimeout: testTimeout },
});

const longestFirst = ["end-to-end", "conformance", "bad-input", "tidy", "unit"];

/** The short ones come last, so that no worker is left alone with a long one. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project }: TestSpecification) => longestFirst.indexOf(project.name);
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    pool: "forks",
    // They wait for disks, leases, engines and processes for a part of the time: one more than there are cores.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    projects: [
      project(
        "unit",
        ["packages/*/src/**/*.test.ts", "images/*.test.ts", "bench/**/*.test.ts", "tests/chaos/**/*.test.ts"],
        60_000,
      ),
      project("tidy", ["tests/tidy/**/*.test.ts"], 120_000),
      project("conformance", ["tests/conformance/**/*.test.ts"], 120_000),
      project("bad-input", ["tests/bad-input/**/*.test.ts"], 240_000),
      project("end-to-end", ["tests/end-to-end/**/*.test.ts"], 240_000),
    ],
  },
});

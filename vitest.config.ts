import { defineConfig } from "vitest/config";

// One project for each kind of test, so that `npm run check` can leave the slow ones to CI.
const project = (name: string, include: string[], testTimeout: number) => ({
  extends: true as const,
  test: { name, include, testTimeout, hookTimeout: testTimeout },
});

export default defineConfig({
  test: {
    pool: "forks",
    projects: [
      project("unit", ["packages/*/src/**/*.test.ts", "bench/**/*.test.ts"], 20_000),
      project("tidy", ["tests/tidy/**/*.test.ts"], 60_000),
      project("conformance", ["tests/conformance/**/*.test.ts"], 60_000),
      project("bad-input", ["tests/bad-input/**/*.test.ts"], 120_000),
      project("end-to-end", ["tests/end-to-end/**/*.test.ts"], 90_000),
    ],
  },
});

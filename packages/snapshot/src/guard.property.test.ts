import * as fc from "fast-check";
import { expect, test } from "vitest";
import { breach, type Mutant, mutants } from "./testing/mutations.ts";
import { allPacks } from "./testing/published.ts";

/** As many as a test run bears; `npm run fuzz` takes the same mutants by the ten thousand. */
const runCount = 1_000;

test("any change of a pack is refused with a typed error, or is no change of the content", () => {
  fc.assert(
    fc.property(mutants(allPacks()), (mutant) => {
      expect(breach(mutant)).toBeUndefined();
    }),
    { numRuns: runCount },
  );
});

test("the mutants are of every kind, and some get past every check", () => {
  const seen = fc.sample(mutants(allPacks()), { numRuns: 500, seed: 1 });
  expect(new Set(seen.map(({ kind }) => kind)).size).toBe(4);
  expect(seen.some((mutant) => mutant.original === undefined && isAccepted(mutant))).toBe(true);
});

test("the judge can fail: other content than the claims name is a breach", () => {
  const [first, second] = allPacks();
  if (first === undefined || second === undefined) throw new Error("there are no vectors");
  const mutant: Mutant = { kind: "bytes", ...second, original: new Uint8Array(0) };
  expect(breach(mutant)).toBe("other content was accepted");
  expect(breach({ ...mutant, bytes: null as never })).toContain("untyped");
});

/** Held against content that it cannot be, an accepted mutant is a breach. */
const isAccepted = (mutant: Mutant): boolean =>
  breach({ ...mutant, original: new Uint8Array(0) }) === "other content was accepted";

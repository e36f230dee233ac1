import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildPin } from "./build/builder.ts";
import { SnapshotError } from "./errors.ts";
import { guardSnapshot } from "./guard.ts";
import { samplePlan } from "./testing/sample.ts";

describe("any change of a pack", () => {
  test("is refused with a typed error, or is no change of the content", () => {
    const pack = buildPin(samplePlan);
    const { raw } = guardSnapshot(pack.gzip, pack);
    const edit = fc.record({
      at: fc.nat({ max: pack.compressedSize - 1 }),
      remove: fc.nat({ max: 4 }),
      insert: fc.uint8Array({ maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean(), (edits, honest) => {
        const bytes = edits.reduce(
          (current, { at, remove, insert }) =>
            Buffer.concat([current.subarray(0, at), insert, current.subarray(at + remove)]),
          Buffer.from(pack.gzip),
        );
        const expected = honest ? pack : { ...pack, digest: pack.digest, compressedSize: bytes.length };
        try {
          expect(Buffer.compare(guardSnapshot(bytes, expected).raw, raw)).toBe(0);
        } catch (error) {
          if (!(error instanceof SnapshotError)) throw error;
          expect(error.code).toMatch(/^snapshot_/);
        }
      }),
      { numRuns: 300 },
    );
  });
});

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digest } from "../testing/basic-arbitraries.ts";
import { digestOfBytes, digestToBytes, parseDigest, parseRunId, parseStepId } from "./ids.ts";

describe("ids", () => {
  test.each(["", "a/b", "a b", "../x", "a\n", "x".repeat(65), "ü", "a.b"])(
    "%j is no run id, and is not repeated",
    (bad) => {
      expect(() => parseRunId(bad)).toThrow(expect.objectContaining({ fault: "invalid", code: "bad_id" }));
      expect(() => parseRunId(bad)).toThrow(/^a run id must match/);
    },
  );

  test.each(["", "-a", ".a", "a/b", "x".repeat(129), "a\n"])("%j is no step id", (bad) => {
    expect(() => parseStepId(bad)).toThrow("a step id must match");
  });

  test.each(["", "sha256:", `sha256:${"A".repeat(64)}`, `sha256:${"a".repeat(63)}`, `md5:${"a".repeat(64)}`])(
    "%j is no digest",
    (bad) => expect(() => parseDigest(bad)).toThrow("a digest must match"),
  );

  test("a digest is its 32 bytes", () => {
    fc.assert(
      fc.property(digest, (value) => {
        expect(digestOfBytes(digestToBytes(value))).toBe(value);
      }),
    );
    expect(() => digestOfBytes(new Uint8Array(31))).toThrow("32 bytes, this one 31");
  });
});

import { describe, expect, test } from "vitest";
import { buildPin } from "./build/builder.ts";
import { digestName } from "./format/digest.ts";
import { inspectPack } from "./inspect.ts";
import { samplePlan } from "./testing/sample.ts";

describe("inspect", () => {
  const pack = buildPin(samplePlan);

  test("computes what a task would say, and lists the parts", () => {
    const report = inspectPack(pack.gzip);
    expect(report).toMatchObject({
      name: digestName(pack.digest),
      formatVersion: 1,
      compressedSize: pack.compressedSize,
      uncompressedSize: pack.uncompressedSize,
      requires: ["mcp", "memory.ops", "skills"],
      secrets: ["env:GITHUB_TOKEN", "env:MODEL_URL", "secret:anthropic-api-key"],
    });
    const withoutWhy = pack.report.parts.map((part) => ({ ...part, why: "" }));
    expect(report.parts.map((part) => ({ ...part }))).toEqual(withoutWhy);
  });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["one byte", Uint8Array.of(0x1f)],
    ["text", new TextEncoder().encode("this is not a pack at all")],
    ["half a pack", pack.gzip.slice(0, pack.compressedSize / 2)],
  ])("refuses %s", (_, bytes) => {
    // The last bytes of half a pack are read as its size, and may say anything.
    const code: unknown = expect.stringMatching(/^snapshot_(corrupt|too_large)$/);
    expect(() => inspectPack(bytes)).toThrowError(expect.objectContaining({ code }));
  });
});

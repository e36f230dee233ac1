import { describe, expect, test } from "vitest";
import { canonicalJson } from "./format/canonical-json.ts";
import { fileSize } from "./format/files.ts";
import { inspectPack } from "./inspect.ts";
import { defaultLimits, limitsFromEnvironment, type SnapshotLimits } from "./limits.ts";
import { codeOf } from "./testing/code-of.ts";
import { allPacks } from "./testing/published.ts";

const bytes = allPacks().find(({ name }) => name === "full")?.bytes ?? new Uint8Array(0);
const { content, compressedSize, uncompressedSize } = inspectPack(bytes);
const text = canonicalJson(content);
const files = content.skills.flatMap((skill) => skill.files);
const scopes = [content.memory.global, ...Object.values(content.memory.dags)].filter(
  (scope) => scope !== null,
);
const most = (counts: readonly number[]): number => Math.max(...counts);

/** What the pack has of each thing that is bounded. */
const used: Partial<Record<keyof SnapshotLimits, number>> = {
  compressedBytesMax: compressedSize,
  uncompressedBytesMax: uncompressedSize,
  nestingMax: depthOf(content),
  valuesMax: 1 + (text.replace(/"(?:[^"\\]|\\.)*"/g, "").match(/[[{,]/g)?.length ?? 0),
  modelsMax: content.models.length,
  skillsMax: content.skills.length,
  filesMax: files.length,
  fileBytesMax: most(files.map(fileSize)),
  soulCharactersMax: most(content.souls.map((soul) => soul.text.length)),
  memoryIndexLinesMax: 1,
  memoryIndexBytesMax: most(scopes.map((scope) => scope.text.length)),
  memoryScopeBytesMax: most(scopes.map((scope) => canonicalJson(scope).length)),
};

describe("a reader keeps each limit", () => {
  test.each(Object.entries(used))("%s: %d is accepted, one less is refused", (name, value) => {
    const withLimit = (max: number) => codeOf(() => inspectPack(bytes, { ...defaultLimits, [name]: max }));
    expect(value).toBeGreaterThan(0);
    expect(withLimit(value)).toBe("accepted");
    const hostile = name === "nestingMax" || name === "valuesMax";
    expect(withLimit(value - 1)).toBe(hostile ? "snapshot_hostile" : "snapshot_too_large");
  });
});

describe("limits from the environment", () => {
  const compressed = "HAVERSACK_SNAPSHOT_MAX_COMPRESSED";
  const uncompressed = "HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED";

  test("are the defaults, with what is set in their place", () => {
    expect(limitsFromEnvironment({})).toEqual(defaultLimits);
    expect(limitsFromEnvironment({ [compressed]: "", PATH: "/bin" })).toEqual(defaultLimits);
    expect(limitsFromEnvironment({ [compressed]: "1KiB", [uncompressed]: "268435456" })).toEqual({
      ...defaultLimits,
      compressedBytesMax: 1024,
      uncompressedBytesMax: 256 * 1024 * 1024,
    });
  });

  test.each([
    [compressed, "0"],
    [compressed, "1023"],
    [uncompressed, "268435457"],
    [uncompressed, "16 MiB"],
    [uncompressed, "lots"],
  ])("%s=%j is an error that names it", (name, text) => {
    expect(() => limitsFromEnvironment({ [name]: text })).toThrowError(
      expect.objectContaining({
        code: "bad_option",
        message: `${name}: expected a size from 1KiB to 256MiB, such as 4MiB or 4194304, found "${text}"`,
      }),
    );
  });
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

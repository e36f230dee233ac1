import { describe, expect, test } from "vitest";
import { guardSnapshot } from "../guard.ts";
import { inspectPack } from "../inspect.ts";
import { allPacks } from "../testing/published.ts";
import { parseDigestName } from "./digest.ts";
import { versionProblem } from "./version.ts";

describe("which side is to be upgraded", () => {
  const opened = "the program that opened it (the worker, or the haversack command)";

  test.each([
    [
      2,
      { min: 1, max: 1 },
      `the snapshot has format 2, and this program reads format 1: upgrade ${opened} to one that reads format 2`,
    ],
    [
      5,
      { min: 2, max: 3 },
      `the snapshot has format 5, and this program reads formats 2 to 3: upgrade ${opened} to one that reads format 5`,
    ],
    [
      1,
      { min: 2, max: 3 },
      "the snapshot has format 1, and this program reads formats 2 to 3: upgrade the coordinator that built it, and submit the run again",
    ],
    [0, undefined, "the snapshot has no format version: 0 is none"],
    [1.5, undefined, "the snapshot has no format version: 1.5 is none"],
    ["1", undefined, 'the snapshot has no format version: "1" is none'],
    [undefined, undefined, "the snapshot has no format version: undefined is none"],
    ["9".repeat(1000), undefined, `the snapshot has no format version: "${"9".repeat(99)}… is none`],
  ])("of format %j", (version, reads, expected) => expect(versionProblem(version, reads)).toBe(expected));

  test.each([1, 2, 3])("nothing, when format %i is read", (version) =>
    expect(versionProblem(version, { min: 1, max: 3 })).toBeUndefined(),
  );

  test.each([
    ["version-2", /has format 2, and this program reads format 1: upgrade the program that opened it/],
    [
      "unknown-feature",
      /requires the feature "telepathy", and this program knows mcp, memory\.ops, skills: upgrade/,
    ],
    [
      "reserved-key",
      /has the key "signatures", which is kept for a later format, .* reads format 1: upgrade/,
    ],
    ["task-version", /has format 2, and this program reads format 1: upgrade the program that opened it/],
  ])("of the pack %s", (name, message) => {
    const pack = allPacks().find((each) => each.name === name);
    if (pack === undefined) throw new Error(`there is no pack ${name}`);
    const refused = expect.objectContaining({
      code: "snapshot_version_unsupported",
      message: expect.stringMatching(message),
    }) as Error;
    const claims = { ...pack.claims, digest: parseDigestName(pack.claims.digest) };
    expect(() => guardSnapshot(pack.bytes, claims)).toThrowError(refused);
    // Without a task, a file says its version itself.
    if (name !== "task-version") expect(() => inspectPack(pack.bytes)).toThrowError(refused);
  });
});

import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fakeRandom } from "../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../tests/support/temp-folder.ts";
import { fullJitter } from "./backoff.ts";
import { readIfThere, writeDurably } from "./durable-file.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { FaultError, faultOf, messageOf, systemCodeOf } from "./fault.ts";
import { didYouMean, nearest } from "./nearest.ts";
import { ascendingIds } from "./system-ports.ts";

describe("a durable file", () => {
  test("replaces what was there, is private, and leaves no temporary file", async () => {
    await using folder = await tempFolder();
    const file = join(folder.path, "new/file");
    await writeDurably(file, "one");
    await writeDurably(file, Buffer.from("two"));
    expect(await readFile(file, "utf8")).toBe("two");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder.path, "new"))).toEqual(["file"]);
  });

  test("that cannot be written leaves the old one, and nothing beside it", async () => {
    await using folder = await tempFolder();
    const file = join(folder.path, "file");
    await mkdir(file);
    await writeFile(join(file, "inside"), "");
    await expect(writeDurably(file, "text")).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readdir(folder.path)).toEqual(["file"]);
  });

  test("written by many at once is one of theirs, whole", async () => {
    await using folder = await tempFolder();
    const file = join(folder.path, "file");
    const texts = ["a", "b", "c"].map((letter) => letter.repeat(100_000));
    await Promise.all(texts.map((text) => writeDurably(file, text)));
    expect(texts).toContain(await readFile(file, "utf8"));
    expect(await readdir(folder.path)).toEqual(["file"]);
  });

  test("that is not there is undefined; any other error is one", async () => {
    await using folder = await tempFolder();
    expect(await readIfThere(join(folder.path, "none"))).toBeUndefined();
    await expect(readIfThere(folder.path)).rejects.toMatchObject({ code: "EISDIR" });
  });
});

describe("durations", () => {
  test.each([
    ["500ms", 500],
    ["90s", 90_000],
    ["20m", 1_200_000],
    ["1h30m", 5_400_000],
    ["1d", 86_400_000],
    ["0s", 0],
  ])("%s is %i ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each([
    "",
    "5",
    "s",
    "1.5s",
    "-1s",
    " 1s",
    "1s ",
    "1 s",
    "1S",
    "1h30",
    "1w",
    `${"9".repeat(20)}d`,
    "1s".repeat(20),
  ])("%j is no duration", (text) => expect(parseDuration(text)).toBeUndefined());

  test.each([
    [0, "0ms"],
    [420, "420ms"],
    [999.7, "1.0s"],
    [3200, "3.2s"],
    [59_949, "59.9s"],
    [59_950, "1m00s"],
    [125_000, "2m05s"],
    [3_599_600, "1h00m"],
    [3_720_000, "1h02m"],
  ])("%d ms is shown as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe("did you mean", () => {
  const known = ["depends", "description", "env", "run", "retry"];

  test.each([
    ["depend", '; did you mean "depends"?'],
    ["ENV", '; did you mean "env"?'],
    ["retyr", '; did you mean "retry"?'],
    ["x", ""],
    ["something-else", ""],
  ])("%s%s", (name, text) => expect(didYouMean(name, known)).toBe(text));

  test("names at most three, the closest first", () => {
    expect(nearest("aaaa", ["aaab", "aabb", "aaaa", "aaac", "zzzz"])).toEqual(["aaaa", "aaab", "aaac"]);
  });
});

test("full jitter is between nothing and the cap of the try, however many tries there were", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(10_000), (fraction, tries) => {
      const ms = fullJitter(fakeRandom(fraction), tries, 500, 30_000);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(Math.min(30_000, 500 * 2 ** Math.min(tries, 30)));
    }),
  );
  expect([0, 1, 2, 6, 60].map((tries) => fullJitter(fakeRandom(0.999_99), tries, 500, 30_000))).toEqual([
    500, 1000, 2000, 30_000, 30_000,
  ]);
});

test("ids ascend whatever the wall clock does, and are well formed", () => {
  const times = fc.array(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_005 }), { maxLength: 200 });
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: 255 }), (wall, byte) => {
      const next = ascendingIds(
        () => wall.shift() ?? 1_700_000_000_000,
        (count) => new Uint8Array(count).fill(byte),
      );
      const ids = Array.from({ length: 10_000 }, next);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.toSorted()).toEqual(ids);
      expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }),
    { numRuns: 20 },
  );
});

test("what was thrown is told apart, whatever it is", () => {
  const system = Object.assign(new Error("no file"), { code: "ENOENT" });
  expect([faultOf(new FaultError("busy", "x", "y")), faultOf(system), faultOf("text")]).toEqual([
    "busy",
    "bug",
    "bug",
  ]);
  expect([messageOf(system), messageOf("text"), messageOf(undefined)]).toEqual([
    "no file",
    "text",
    "undefined",
  ]);
  expect([systemCodeOf(system), systemCodeOf("text"), systemCodeOf(new Error("x"))]).toEqual([
    "ENOENT",
    undefined,
    undefined,
  ]);
});

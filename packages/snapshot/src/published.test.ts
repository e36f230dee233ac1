import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDigestName } from "./format/digest.ts";
import { guardSnapshot } from "./guard.ts";
import { codeOf } from "./testing/code-of.ts";
import { allPacks, publishedFiles, publishedFolder } from "./testing/published.ts";

/** To write them anew: `node packages/snapshot/src/testing/published.ts`. */
test("the published files are current", async () => {
  const files = publishedFiles();
  for (const [path, bytes] of files) {
    const found = await readFile(join(publishedFolder, path));
    expect(Buffer.compare(found, bytes), `${path} is not current`).toBe(0);
  }
  const packs = await readdir(join(publishedFolder, "packs"));
  expect(packs.filter((file) => !files.has(`packs/${file}`))).toEqual([]);
});

test("the schema names its parts and closes every object but the opaque ones and the maps", async () => {
  const text = await readFile(join(publishedFolder, "schema.json"), "utf8");
  const { $defs, required } = JSON.parse(text) as { $defs: object; required: string[] };
  expect(Object.keys($defs)).toEqual(expect.arrayContaining(["config", "model", "skill", "soul", "scope"]));
  expect(required).toHaveLength(9);
  expect(text.match(/"additionalProperties": false/g)?.length).toBeGreaterThan(15);
});

test.each(allPacks())("the guard says $outcome of $name: $why", ({ outcome, claims, bytes }) => {
  const expected = { ...claims, digest: parseDigestName(claims.digest) };
  const code = codeOf(() => guardSnapshot(bytes, expected));
  expect(code).toBe(outcome === "valid" ? "accepted" : outcome);
});

test("the packs are small, and every code of a reader is among them", () => {
  const packs = allPacks();
  expect(Math.max(...packs.map(({ bytes }) => bytes.length))).toBeLessThan(16 * 1024);
  expect(new Set(packs.map(({ name }) => name)).size).toBe(packs.length);
  expect([...new Set(packs.map(({ outcome }) => outcome))].toSorted()).toEqual([
    "snapshot_corrupt",
    "snapshot_hostile",
    "snapshot_invalid",
    "snapshot_too_large",
    "snapshot_version_unsupported",
    "valid",
  ]);
});

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { publishedFiles, publishedFolder } from "./testing/published.ts";

/** To write them anew: `node packages/snapshot/src/testing/published.ts`. */
test("the published files are current", async () => {
  for (const [path, bytes] of await publishedFiles()) {
    const found = await readFile(join(publishedFolder, path));
    expect(Buffer.compare(found, bytes), `${path} is not current`).toBe(0);
  }
});

test("the schema names its parts and closes every object but the opaque ones and the maps", async () => {
  const text = await readFile(join(publishedFolder, "schema.json"), "utf8");
  const { $defs, required } = JSON.parse(text) as { $defs: object; required: string[] };
  expect(Object.keys($defs)).toEqual(expect.arrayContaining(["config", "model", "skill", "soul", "scope"]));
  expect(required).toHaveLength(9);
  expect(text.match(/"additionalProperties": false/g)?.length).toBeGreaterThan(15);
});

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HaversackClient } from "@haversack/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { fakeClient } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

const schema = join(import.meta.dirname, "../../../../schemas/dag.schema.json");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haversack-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function haversack(args: readonly string[], client: Partial<HaversackClient> = {}) {
  const env = { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" };
  const outside = fakeOutside({ env, cwd: folder });
  const code = await runProgram(args, outside, () => fakeClient(client));
  return { code, ...outside.written };
}

test("haversack dag schema prints the published schema, with no coordinator", async () => {
  const { code, out } = await haversack(["dag", "schema"]);
  expect({ code, out }).toEqual({ code: exitCodes.ok, out: readFileSync(schema, "utf8") });
});

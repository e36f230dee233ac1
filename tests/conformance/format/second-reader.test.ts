/** A reader that shares no code with ours, written from docs/snapshot-format.md, agrees with us about every vector. */

import { execFile, execFileSync } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Mutant, mutants, outcomeOf } from "../../../packages/snapshot/src/testing/mutations.ts";
import { allPacks } from "../../../packages/snapshot/src/testing/published.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const vectors = join(import.meta.dirname, "../../../packages/snapshot/vectors");
const mutantCount = 1_000;
const reader = join(vectors, "read_snapshot.py");

function hasPython(): boolean {
  try {
    execFileSync("python3", ["-c", "import sys; assert sys.version_info >= (3, 9)"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasPython())("the second reader (needs python3, 3.9 or newer)", () => {
  test("says of every pack what the index says", async () => {
    const { code, stdout } = await python("--vectors", join(vectors, "v1/packs"));
    expect(stdout).toMatch(/^(\d+) of \1 packs are what they should be\n$/);
    expect(code).toBe(0);
  });

  test("names the golden pack as we do", async () => {
    const { stdout } = await python(join(vectors, "v1/pack.gz"));
    expect(stdout).toContain((await readFile(join(vectors, "v1/digest.txt"), "utf8")).trim());
  });

  test("agrees with ours about changed packs, code by code", async () => {
    await using folder = await tempFolder();
    // Always the same ones: another seed is a matter of `npm run fuzz`.
    const cases = fc.sample(mutants(allPacks()), { numRuns: mutantCount, seed: 11 });
    const index = await Promise.all(cases.map((mutant, at) => written(folder.path, `${at}.gz`, mutant)));
    await writeFile(join(folder.path, "index.json"), JSON.stringify(index));
    const { stdout } = await python("--vectors", folder.path);
    expect(stdout).toBe(`${mutantCount} of ${mutantCount} packs are what they should be\n`);
  });

  test("can fail: a pack that surprises it is told", async () => {
    await using folder = await tempFolder();
    await cp(join(vectors, "v1/packs"), folder.path, { recursive: true });
    const index = join(folder.path, "index.json");
    const text = await readFile(index, "utf8");
    await writeFile(index, text.replace('"outcome": "snapshot_hostile"', '"outcome": "valid"'));
    const { code, stdout } = await python("--vectors", folder.path);
    expect(stdout).toContain("snapshot_hostile, not valid");
    expect(code).toBe(1);
  });
});

async function written(folder: string, file: string, mutant: Mutant) {
  await writeFile(join(folder, file), mutant.bytes);
  return { file, outcome: outcomeOf(mutant), why: mutant.kind, claims: mutant.claims };
}

function python(...args: string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    execFile("python3", ["-B", reader, ...args], (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout });
    });
  });
}

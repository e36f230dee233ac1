import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { permutedDigests } from "./testing/permuted.ts";
import { readVector } from "./testing/vectors.ts";

const builds = 100;
const program = join(import.meta.dirname, "testing/permuted.ts");

async function digestsIn(node: string, seed: number): Promise<string[]> {
  const { stdout } = await promisify(execFile)(node, [program, String(builds), String(seed)]);
  return stdout.trim().split("\n");
}

test("100 builds of permuted inputs in each of two processes have the one golden digest", async () => {
  const { digest } = await readVector();
  const [here, elsewhere] = await Promise.all([permutedDigests(builds, 1), digestsIn(process.execPath, 2)]);
  expect([...here]).toEqual([digest]);
  expect(elsewhere).toEqual([digest]);
});

/** Another Node on this machine that runs our sources; what it lacks shows before the test. */
function otherNode(): string | undefined {
  const probe = "process.features.typescript && Uint8Array.fromBase64 ? process.version : ''";
  const candidates = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"));
  return candidates.filter(existsSync).find((node) => {
    const version = execFileSync(node, ["-p", probe], { encoding: "utf8" }).trim();
    return version.startsWith("v") && version !== process.version;
  });
}

const other = otherNode();
test.skipIf(other === undefined)(
  `under another version of Node, too (${other ?? "none that runs our sources is in PATH"})`,
  async () => {
    expect(await digestsIn(other ?? "", 3)).toEqual([(await readVector()).digest]);
  },
);

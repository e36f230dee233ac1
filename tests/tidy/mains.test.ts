/** Every program starts under plain Node: the transform of the tests accepts what Node itself refuses. */

import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { read, root } from "./sources.ts";

const mains = read(["packages/*/src/main.ts", "packages/*/src/haversack.mjs"]).map(({ path }) => path);

test("there are programs", () => {
  expect(mains).toContain("packages/cli/src/main.ts");
});

test.each(mains)("%s starts", (main) => {
  const version = execFileSync(process.execPath, [join(root, main), "--version"], { encoding: "utf8" });
  expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
});

/** Programs that a program of ours starts; they end when there is nothing on their standard input. */
const inner = read(["packages/*/src/**/main.ts"])
  .map(({ path }) => path)
  .filter((path) => !mains.includes(path));

test.each(inner)("%s loads", (main) => {
  const { stderr } = spawnSync(process.execPath, [join(root, main)], {
    encoding: "utf8",
    input: "",
    timeout: 60_000,
    // A server refuses it before it would listen.
    env: { ...process.env, PORT: "none" },
  });
  expect(stderr).not.toMatch(/SyntaxError|ERR_MODULE_NOT_FOUND|ERR_UNSUPPORTED_TYPESCRIPT/);
});

test("every package loads whole", () => {
  // The page is built: nothing imports it.
  const packages = read(["packages/*/package.json"])
    .map(({ text }) => JSON.parse(text) as { name: string; exports?: object })
    .flatMap(({ name, exports }) => (exports === undefined ? [] : [name]));
  const script = packages.map((name) => `await import(${JSON.stringify(name)});`).join("\n");
  execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: join(root, "packages/cli"),
  });
  expect(packages.length).toBeGreaterThan(5);
});

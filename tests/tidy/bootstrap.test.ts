/** What `npm start` does first, on a machine where nothing is installed yet. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "./sources.ts";

interface Bootstrap {
  readonly whyInstall: (root: string) => string | undefined;
  readonly withInstallLock: (root: string, work: () => Promise<void>) => Promise<void>;
}

const load = (name: string): Promise<unknown> => import(join(root, "scripts", "bootstrap", `${name}.mjs`));
const { whyInstall } = (await load("installed")) as Bootstrap;
const { withInstallLock } = (await load("lock")) as Bootstrap;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haversack-bootstrap-"));
  mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true });
  writeFileSync(join(folder, "node_modules", ".bin", "node"), "");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const wanted = {
  "": {},
  "node_modules/a": { version: "1.0.0", integrity: "x" },
  "node_modules/b-for-another-platform": { version: "1.0.0", optional: true },
};

function setup(installed: object | undefined): void {
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages: wanted }));
  const file = join(folder, "node_modules", ".package-lock.json");
  if (installed !== undefined) writeFileSync(file, JSON.stringify({ packages: installed }));
}

test.each([
  ["nothing is there", undefined, "nothing is installed yet"],
  ["all is there", { "node_modules/a": wanted["node_modules/a"] }, undefined],
  [
    "a version differs",
    { "node_modules/a": { version: "0.9.0", integrity: "x" } },
    "a is not as package-lock.json says",
  ],
  [
    "the bytes differ",
    { "node_modules/a": { version: "1.0.0", integrity: "y" } },
    "a is not as package-lock.json says",
  ],
  ["one is missing", {}, "a is not as package-lock.json says"],
])("installs when needed: %s", (_case, installed, why) => {
  setup(installed);
  expect(whyInstall(folder)).toBe(why);
});

test("one installation at a time; the lock of a process that died is broken", async () => {
  const events: string[] = [];
  const dead = spawnSync(process.execPath, ["--version"]).pid;
  mkdirSync(join(folder, ".haversack", "install.lock"), { recursive: true });
  writeFileSync(join(folder, ".haversack", "install.lock", "pid"), String(dead));
  const first = withInstallLock(folder, async () => {
    events.push("first begins");
    await new Promise(setImmediate);
    events.push("first ends");
  });
  await Promise.all([first, withInstallLock(folder, async () => void events.push("second"))]);
  expect(events).toHaveLength(3);
  expect(events.indexOf("first ends") - events.indexOf("first begins")).toBe(1);
  expect(existsSync(join(folder, ".haversack", "install.lock"))).toBe(false);
});

test("a command that is none is told", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/bootstrap.mjs"), "x"], {
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([2, expect.stringContaining("start|test")]);
});

/**
 * Sizes, as a ratchet: what is over a budget stands in budgets.json with its figure, which may fall and never rises.
 * `UPDATE_BUDGETS=1` writes the file anew; a figure that grew needs a reason in the change that lets it grow.
 */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, sources } from "./sources.ts";

/** `path: rule` → figure. */
type Figures = Readonly<Record<string, number>>;

const file = join(import.meta.dirname, "budgets.json");
const known = JSON.parse(readFileSync(file, "utf8")) as Figures;
const exportsMax = 12;

test("nothing new is over a budget, and nothing old grew", () => {
  const now = { ...measured(), ...exportFigures() };
  const grown = Object.entries(now).filter(([key, figure]) => figure > (known[key] ?? 0));
  const message = grown.map(([key, figure]) => `${key}: ${figure} (was ${known[key] ?? "within budget"})`);
  if (process.env.UPDATE_BUDGETS !== undefined) writeFileSync(file, sorted(now));
  else expect(message).toEqual([]);
});

test("what has shrunk is taken out of the file", () => {
  const now = { ...measured(), ...exportFigures() };
  const stale = Object.keys(known).filter((key) => now[key] === undefined || now[key] < (known[key] ?? 0));
  expect(process.env.UPDATE_BUDGETS === undefined ? stale : []).toEqual([]);
});

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly message: string;
}

function measured(): Figures {
  const config = "tests/tidy/budgets.oxlintrc.json";
  const args = ["-c", config, "-f", "json", "packages", "tests", "bench", "scripts"];
  const { stdout, stderr } = spawnSync(join(root, "node_modules/.bin/oxlint"), args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(stdout === "" ? stderr : stdout).toMatch(/^\{/);
  const { diagnostics, number_of_files: count } = JSON.parse(stdout) as {
    diagnostics: Diagnostic[];
    number_of_files: number;
  };
  expect(count).toBeGreaterThan(100);
  const figures: Record<string, number> = {};
  for (const { code, filename, message } of diagnostics) {
    const key = `${filename}: ${/\(([\w-]+)\)/.exec(code)?.[1] ?? code}`;
    figures[key] = Math.max(figures[key] ?? 0, Number(/\((\d+)\)/.exec(message)?.[1] ?? 1));
  }
  return figures;
}

/** An index exports what its package is; every other file does one thing. */
function exportFigures(): Figures {
  const counted = sources()
    .filter(({ path }) => !path.endsWith("/index.ts"))
    .map(({ path, text }): [string, number] => [
      `${path}: exports`,
      text.match(/^export (?!type \{|\{)/gm)?.length ?? 0,
    ]);
  return Object.fromEntries(counted.filter(([, count]) => count > exportsMax));
}

const sorted = (figures: Figures): string =>
  `${JSON.stringify(Object.fromEntries(Object.entries(figures).toSorted(([a], [b]) => (a < b ? -1 : 1))), undefined, 2)}\n`;

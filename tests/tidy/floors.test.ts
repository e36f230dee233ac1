/** An import goes only to a lower floor, between packages and inside them; nothing goes round in a circle. */

import { describe, expect, test } from "vitest";
import { floorOf, packageFloors } from "./floors.ts";
import { type Import, importsOf, isTest, sources } from "./sources.ts";

const all = sources().filter(({ path }) => path.startsWith("packages/"));
const imports = all.flatMap(importsOf);
const ours = imports.filter((each): each is Import & { file: string } => each.file !== undefined);
const packageOf = (path: string): string => path.split("/")[1] ?? "";
/** What tests of several packages share. */
const isShared = (from: string, file: string): boolean => isTest(from) && file.startsWith("tests/support/");
const show = ({ from, target }: Import): string => `${from} imports ${target}`;

test("the scan sees the repository", () => {
  expect(all.length).toBeGreaterThan(100);
  expect(ours.length).toBeGreaterThan(300);
  expect(new Set(all.map(({ path }) => packageOf(path)))).toEqual(new Set(Object.keys(packageFloors)));
});

describe("between packages", () => {
  test("imports go to a lower floor, by name, through the one entry", () => {
    const wrong = imports.filter(({ from, target, file }) => {
      if (target.startsWith("@haversack/")) {
        const to = target.slice("@haversack/".length);
        return (packageFloors[to] ?? 99) >= (packageFloors[packageOf(from)] ?? -1);
      }
      return file !== undefined && packageOf(file) !== packageOf(from) && !isShared(from, file);
    });
    expect(wrong.map(show)).toEqual([]);
  });

  test("the lowest floor imports Node only", () => {
    const wrong = imports.filter(
      ({ from, target }) => packageOf(from) === "base" && !/^(node:|\.)/.test(target),
    );
    expect(wrong.filter(({ target }) => target !== "vitest" && target !== "fast-check").map(show)).toEqual(
      [],
    );
  });

  test("generated code is touched by wire, services and client only", () => {
    const wrong = ours.filter(
      ({ from, file }) => file.includes("/gen/") && !/\/(wire\/|services\.|client\.)/.test(from),
    );
    expect(wrong.map(show)).toEqual([]);
  });
});

describe("inside a package", () => {
  const inside = ours.filter(({ from, file }) => packageOf(from) === packageOf(file));

  test("every file has a floor", () => {
    const homeless = all.map(({ path }) => path).filter((path) => floorOf(path) === undefined);
    expect(homeless).toEqual([]);
  });

  test("imports go to the same folder or to a lower floor", () => {
    const wrong = inside.filter(({ from, file }) => {
      const [own, other] = [floorOf(from), floorOf(file)];
      return own !== undefined && other !== undefined && own.name !== other.name && other.floor >= own.floor;
    });
    expect(wrong.map(show)).toEqual([]);
  });

  test("nothing goes round in a circle, types included", () => {
    const graph = new Map<string, string[]>();
    for (const { from, file } of ours) graph.set(from, [...(graph.get(from) ?? []), file]);
    expect(circles(graph)).toEqual([]);
  });
});

test("the test can fail: a circle is found", () => {
  expect(
    circles(
      new Map([
        ["a", ["b"]],
        ["b", ["c", "d"]],
        ["c", ["a"]],
      ]),
    ),
  ).toEqual(["a → b → c → a"]);
});

function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) found.push([...trail.slice(at), file].join(" → "));
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return found;
}

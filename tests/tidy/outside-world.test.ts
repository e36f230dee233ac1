/** The outside world is one value: clocks, randomness, the process and SQL are touched in few places. */

import { expect, test } from "vitest";
import { bareCode, code, isTest, place, type Source, sources } from "./sources.ts";

/** Where else a name may stand, and why. */
const allowed: readonly { readonly path: RegExp; readonly name: RegExp; readonly why: string }[] = [
  { path: /^packages\/base\//, name: /./, why: "makes the ports" },
  { path: /\/main\.tsx?$|\.mjs$/, name: /./, why: "is the process" },
  { path: /\/store\/sqlite-writer\.ts$/, name: /process/, why: "is a thread of its own" },
];

const forbidden = [
  {
    name: "process",
    pattern: /(?<![\w."'-])process\.(?!pid\b|execPath\b)\w+/g,
    instead: "a value from main.ts",
  },
  { name: "console", pattern: /(?<![\w.])console\.\w+/g, instead: "ports.log" },
  {
    name: "clock",
    pattern: /(?<![\w.])(?:Date\.now\(|new Date\(\)|performance\.now\()/g,
    instead: "ports.clock",
  },
  {
    name: "timer",
    pattern: /(?<![\w.#])(?:setTimeout|setInterval)\(/g,
    instead: "ports.clock.after, or pause()",
  },
  {
    name: "random",
    pattern: /(?<![\w.])(?:Math\.random|randomUUID|crypto\.randomUUID)\(/g,
    instead: "ports.random",
  },
];

const shipped = sources().filter(({ path }) => path.startsWith("packages/") && !isTest(path));

test("the scan sees the repository", () => {
  expect(shipped.length).toBeGreaterThan(80);
});

test.each(forbidden)("$name is touched in few places; elsewhere it is $instead", ({ name, pattern }) => {
  const found = shipped.flatMap((source) => {
    if (allowed.some((each) => each.path.test(source.path) && each.name.test(name))) return [];
    return placesOf(source, bareCode(source.text), pattern);
  });
  expect(found).toEqual([]);
});

test("SQL stands in statements and migrations only", () => {
  const sql =
    /["`]\s*(?:select\s[^"`]*\sfrom\s|insert (?:or \w+ )?into\s|update \w+\s+set\s|delete from\s|(?:create|alter|drop) table\s)/gi;
  const found = shipped
    .filter(({ path }) => !/\/(?:statements|migrations)\/|\/migrat\w+\.ts$/.test(path))
    .flatMap((source) => placesOf(source, code(source.text), sql));
  expect(found).toEqual([]);
  const statements = shipped.filter(({ path, text }) => path.includes("/statements/") && sql.test(text));
  expect(statements.length).toBeGreaterThan(2);
});

test("`any` stands nowhere, tests included", () => {
  const pattern = /(?::|\bas|<|\||&|=>)\s*any\b(?!\s*[(:])/g;
  const found = sources().flatMap((source) => placesOf(source, bareCode(source.text), pattern));
  expect(found).toEqual([]);
  expect("const x: any = 1; const y = z as any;".match(pattern)).toHaveLength(2);
});

/** Line breaks survive in `stripped`, so its lines are the lines of the file. */
function placesOf(source: Source, stripped: string, pattern: RegExp): string[] {
  return [...stripped.matchAll(pattern)].map(
    (match) => `${place({ ...source, text: stripped }, match.index)}: ${match[0].trim()}`,
  );
}

/** One word for one thing. The words are in docs/ARCHITECTURE.md; this says what to write instead of the others. */

import { expect, test } from "vitest";
import { bareCode, type Source, sources } from "./sources.ts";

interface Rule {
  /** A part of a name, such as `job` in `startJob` and `job_id`. */
  readonly part: RegExp;
  readonly instead: string;
  /** Names in which the word means something else. */
  readonly except?: RegExp;
}

const rules: readonly Rule[] = [
  { part: /^jobs?$/, instead: "step or task" },
  { part: /^workflows?$/, instead: "DAG" },
  { part: /^runners?$/, instead: "worker" },
  // A skill is a folder of files that travels as one: the format of the snapshot calls that a bundle.
  { part: /^bundles?$/, instead: "snapshot", except: /^SkillBundle/ },
  { part: /^epochs?$/, instead: "generation (part of the fence)" },
  // As the library calls a connection.
  {
    part: /^managers?$/,
    instead: "what it is responsible for",
    except: /^(Http2SessionManager|sessionManager)$/,
  },
  { part: /^(utils?|helpers?|misc)$/, instead: "what it is about" },
];

/** Names whose meaning hides in the file name. */
const badFile = /(^|[/.-])(utils?|common|helpers?|managers?|misc|types|job|runner|bundle)([/.-]|$)/;
// This file names what it forbids.
const all = sources().filter(({ path }) => path !== "tests/tidy/vocabulary.test.ts");

test("the scan sees the repository", () => {
  expect(all.length).toBeGreaterThan(100);
  expect(all.flatMap(partsOf).length).toBeGreaterThan(10_000);
});

test.each(rules)("$part in a name: write $instead", ({ part, except }) => {
  const parts = all
    .flatMap(partsOf)
    .filter((each) => part.test(each.part) && except?.test(each.name) !== true);
  const found = parts.map(({ path, name }) => `${path}: ${name}`);
  expect([...new Set(found)]).toEqual([]);
});

test("files and folders are named after what is in them", () => {
  const found = all
    .map(({ path }) => path)
    .filter((path) => badFile.test(path.replace(/^packages\/[^/]+\/src/, "")));
  expect(found).toEqual([]);
});

function partsOf({ path, text }: Source): { path: string; name: string; part: string }[] {
  const names = bareCode(text).match(/[A-Za-z_][A-Za-z0-9_]+/g) ?? [];
  return names.flatMap((name) =>
    name.split(/_|(?<=[a-z0-9])(?=[A-Z])/).map((part) => ({ path, name, part: part.toLowerCase() })),
  );
}

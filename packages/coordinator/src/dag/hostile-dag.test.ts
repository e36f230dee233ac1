import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dag, head, open, problemsOf } from "../testing/dag-text.ts";

describe("hostile text is refused quickly, with its line (YA)", () => {
  const levels = (item: string, count: number, width: number) => [
    `l0: &l0 ${item}`,
    ...Array.from(
      { length: count },
      (_, index) => `l${index + 1}: &l${index + 1} [${`*l${index},`.repeat(width)}]`,
    ),
  ];
  const inOutput = (lines: readonly string[]) =>
    `${head}  - id: a\n    agent:\n      prompt: p\n      output:\n${lines.map((line) => `        ${line}\n`).join("")}`;

  test.each<[string, string]>([
    ["an alias bomb", inOutput(levels("[x]", 9, 9))],
    [
      "an alias bomb within the number of aliases, of a long text",
      inOutput(levels(`"${"x".repeat(900_000)}"`, 10, 2)),
    ],
    ["a collection that holds itself", inOutput(["l: &l [*l]"])],
    ["deep flow", `name: ${"[".repeat(10_000)}`],
    ["deep maps", `name: ${"{a: ".repeat(10_000)}`],
    ["a duplicate key", `${dag("- { id: a, run: x }")}name: again\n`],
    ["a second document", `${dag("- { id: a, run: x }")}---\nname: b\n`],
    ["an unknown tag", "name: !!js/function x\n"],
    ["a tab as indent", "name: demo\nsteps:\n\t- id: a\n"],
    ["a merge key", dag("- { id: a, run: x, <<: { run: y } }")],
    ["__proto__", dag("- { id: a, run: x, env: { __proto__: { x: y } } }")],
    ["constructor", dag("- { id: a, run: x, env: { constructor: y } }")],
    ["a key that is no text", "? [a]\n: b\n"],
    ["too many bytes", `# ${"x".repeat(16 * 1024 * 1024)}\n${dag("- { id: a, run: x }")}`],
    ["a value in every other character", `name: x\nsteps: [${"1,".repeat(7_500_000)}]\n`],
    [
      "many unknown dependencies",
      dag(...Array.from({ length: 5000 }, (_, index) => `- {id: s${index}, run: x, depends: [x${index}]}`)),
    ],
  ])("%s", (_, text) => {
    // Of the processor, not of the wall: other tests run beside this one.
    const before = process.cpuUsage();
    const problems = problemsOf(text);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(2000);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatch(/^f\.yaml:\d+:\d+: /);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});

test("any text either is a DAG or has problems, and nothing else happens", () => {
  const words = [
    "name: demo",
    "steps:",
    "- id: a",
    "run: x",
    "depends: [a]",
    "  ",
    "\n",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "&a",
    "*a",
    "!!str",
    "'",
    '"',
    "|",
    ">",
    "\t",
    "- ",
    "null",
    open,
    "}}",
    "params:",
    "agent:",
    "prompt: p",
    "type: string",
    "default: 1",
    "\u0000",
    "\ud800",
  ];
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((all) => all.join("")),
    fc
      .array(fc.constantFrom(...words), { maxLength: 12 })
      .map((all) => `${head}  - id: a\n    run: x\n    ${all.join(" ")}\n`),
    fc.json().map((json) => `{"name": "demo", "steps": [${json}]}`),
    fc
      .json()
      .map(
        (json) => `{"name": "demo", "params": ${json}, "steps": [{"id": "a", "run": "x", "env": ${json}}]}`,
      ),
  );
  fc.assert(
    fc.property(text, (text) => {
      for (const problem of problemsOf(text)) expect(problem).toMatch(/^f\.yaml:/);
    }),
    { numRuns: 1000 },
  );
});

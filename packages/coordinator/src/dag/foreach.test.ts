import type { StepSpec } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { dag, open, problemsOf } from "../testing/dag-text.ts";
import { parseDag } from "./parse-dag.ts";

const scan = "- { id: scan, run: x, outputs: [files] }";
const stepsOf = (...lines: string[]): readonly StepSpec[] => parseDag(dag(...lines), "f.yaml").spec.steps;
const many = (count: number) => JSON.stringify(Array.from({ length: count }, (_, index) => index));

describe("a step with items", () => {
  test("takes a list, with its defaults", () => {
    expect(stepsOf("- { id: a, run: x, foreach: [eu, 7, { host: h }] }")[0]?.foreach).toEqual({
      over: { kind: "list", items: ["eu", 7, { host: "h" }] },
      maxParallel: 10,
      failFast: true,
    });
  });

  test("takes an expression, and may use the item wherever an expression may stand", () => {
    const expression = `${open} fromJson(steps.scan.outputs.files) }}`;
    const [, step] = stepsOf(
      scan,
      `- { id: a, depends: [scan], foreach: "${expression}", maxParallel: 2, failFast: false,
           worker: { zone: "${open} item.zone }}" }, env: { N: "${open} index }}" },
           agent: { prompt: "look at ${open} item }}" } }`,
    );
    expect(step?.foreach).toEqual({
      over: { kind: "list", items: expression },
      maxParallel: 2,
      failFast: false,
    });
  });

  test("takes a matrix, with what to leave out and to add", () => {
    const [step] = stepsOf(
      `- { id: a, run: x, env: { A: "${open} matrix.os }}${open} matrix.fast }}${open} item }}" },
           matrix: { os: [linux, mac], n: [1, 2], exclude: [{ os: mac, n: 1 }], include: [{ os: mac, fast: true }] } }`,
    );
    expect(step?.foreach?.over).toEqual({
      kind: "matrix",
      axes: { os: ["linux", "mac"], n: [1, 2] },
      exclude: [{ os: "mac", n: 1 }],
      include: [{ os: "mac", fast: true }],
    });
  });

  test("says nothing where there is none: the digest of other DAGs stays", () => {
    expect("foreach" in (stepsOf("- { id: a, run: x }")[0] ?? {})).toBe(false);
  });

  test("may have a thousand items, or none", () => {
    expect(
      stepsOf(`- { id: a, run: x, foreach: ${many(1000)} }`, "- { id: b, run: x, foreach: [] }"),
    ).toHaveLength(2);
  });
});

describe("what is wrong with items is named with its place", () => {
  test.each<[string, string[], string[]]>([
    [
      "1,001 of them",
      [`- { id: a, run: x, foreach: ${many(1001)} }`],
      ["f.yaml:3:22: steps[0].foreach: foreach gave 1001 items, at most 1000"],
    ],
    ["no list", ["- { id: a, run: x, foreach: 5 }"], ["steps[0].foreach: expected a list, or an expression"]],
    [
      "text",
      ["- { id: a, run: x, foreach: files }"],
      ["steps[0].foreach: expected a list, or one expression"],
    ],
    [
      "text around an expression",
      [`- { id: a, run: x, foreach: "x ${open} run.id }}" }`],
      ["steps[0].foreach: expected a list, or one expression"],
    ],
    [
      "a broken expression",
      [`- { id: a, run: x, foreach: "${open} params. }}" }`],
      ['steps[0].foreach: has the expression "params."'],
    ],
    [
      "outputs of no ancestor",
      [scan, `- { id: a, run: x, foreach: "${open} steps.scan.outputs.files }}" }`],
      ['steps[1].foreach: step "scan" is not an ancestor'],
    ],
    [
      "a list in a matrix",
      ["- { id: a, run: x, matrix: { os: [[linux, mac]] } }"],
      ["steps[0].matrix: matrix.os has a list in it, at place 1: give one value"],
    ],
    [
      "a list in a matrix that is not known yet",
      [
        scan,
        `- { id: a, run: x, depends: [scan], matrix: { os: [l, [m]], n: "${open} steps.scan.outputs.files }}" } }`,
      ],
      ["f.yaml:4:57: steps[1].matrix.os[1]: a list in a list"],
    ],
    [
      "too many combinations",
      [`- { id: a, run: x, matrix: { a: ${many(101)}, b: ${many(100)} } }`],
      ["steps[0].matrix: matrix has 10100 combinations, at most 10000"],
    ],
    [
      "too many that are left",
      [`- { id: a, run: x, matrix: { a: ${many(101)}, b: ${many(10)} } }`],
      ["steps[0].matrix: matrix gave 1010 items, at most 1000"],
    ],
    [
      "an empty matrix",
      ["- { id: a, run: x, matrix: {} }"],
      ["matrix: expected 1 to 10 names with their lists"],
    ],
    [
      "a bad name",
      ["- { id: a, run: x, matrix: { 1a: [x] } }"],
      ["matrix.1a: expected a name such as version"],
    ],
    [
      "something else to leave out",
      ["- { id: a, run: x, matrix: { version: [1], exclude: [{ verison: 1 }] } }"],
      ['steps[0].matrix.exclude[0].verison: the matrix has no "verison"; did you mean "version"?'],
    ],
    ["both", ["- { id: a, run: x, foreach: [1], matrix: { b: [1] } }"], ["has both foreach and matrix"]],
    [
      "keys without items",
      ["- { id: a, run: x, maxParallel: 3, failFast: false }"],
      ["`maxParallel` belongs to a step with foreach", "`failFast` belongs to a step with foreach"],
    ],
    ["no place at all", ["- { id: a, run: x, foreach: [1], maxParallel: 0 }"], ["steps[0].maxParallel: "]],
    [
      "an item where there is none",
      [`- { id: a, run: x, env: { A: "${open} item }}" } }`],
      ["steps[0].env.A: item, matrix.<name> and index are known in a step with foreach"],
    ],
    [
      "an item in an `if`",
      ["- { id: a, run: x, foreach: [1], if: item == 1 }"],
      ["steps[0].if: an `if` is decided once, before there are items"],
    ],
    [
      "an item in its own list",
      [`- { id: a, run: x, foreach: ["${open} item }}"] }`],
      ["steps[0].foreach[0]: the items come from here"],
    ],
    [
      "a name that is not in the matrix",
      [`- { id: a, run: x, matrix: { version: [1] }, env: { A: "${open} matrix.verison }}" } }`],
      ['the matrix has no "verison"; did you mean "version"?'],
    ],
    [
      "a matrix where there is a list",
      [`- { id: a, run: x, foreach: [1], env: { A: "${open} matrix.os }}" } }`],
      ['the matrix has no "os"; with foreach it is item'],
    ],
    [
      "an item in what is packed for an agent",
      [`- { id: a, foreach: [x], agent: { prompt: p, use: "${open} item }}" } }`],
      [
        "steps[0].agent.use: is an expression, but the items of an agent are pinned when the run is submitted",
      ],
    ],
    [
      "an item in a permission of an agent",
      [`- { id: a, foreach: [x], agent: { prompt: p, network: ["${open} item }}"] } }`],
      ["steps[0].agent.network[0]: expressions are not allowed here"],
    ],
    [
      "a file of one item",
      [
        "- { id: a, run: x, foreach: [1], artifacts: [r.md] }",
        "- { id: b, run: x, depends: [a], inputs: [r.md] }",
      ],
      ['f.yaml:4:45: steps[1].inputs[0]: step "a" makes it once for each item: write a/*/r.md, or a/0/r.md'],
    ],
    [
      "a file whose place behind is too long",
      [`- { id: ${"a".repeat(60)}, run: x, foreach: [1], artifacts: [${"b".repeat(200)}] }`],
      ["steps[0].artifacts[0]: steps behind find it at aaa"],
    ],
  ])("%s", (_, lines, expected) => {
    const problems = problemsOf(dag(...lines));
    expect(problems).toHaveLength(expected.length);
    for (const [index, problem] of expected.entries()) expect(problems[index]).toContain(problem);
  });

  test("items in a handler", () => {
    const problems = problemsOf(`${dag("- { id: a, run: x }")}onExit: [{ id: h, run: x, foreach: [1] }]\n`);
    expect(problems).toEqual([expect.stringContaining("onExit[0]: a handler is one step")]);
  });

  test("a file that a step without items makes too is no problem", () => {
    const lines = [
      "- { id: a, run: x, foreach: [1], artifacts: [r.md] }",
      "- { id: b, run: x, artifacts: [r.md] }",
      "- { id: c, run: x, depends: [a, b], inputs: [r.md] }",
    ];
    expect(problemsOf(dag(...lines))).toEqual([]);
  });
});

import type { ForeachSpec, JsonObject, JsonValue, MatrixSpec } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TemplateData } from "./expression-value.ts";
import { evaluate } from "./expressions.ts";
import { foreachPaths, itemsOf } from "./foreach-items.ts";

const open = "$" + "{{";
const data: TemplateData = {
  params: new Map<string, JsonValue>([
    ["list", ["a", { host: "h" }]],
    ["none", null],
    ["map", {}],
    ["name", "x"],
  ]),
  outputs: new Map<string, JsonValue>([
    ["scan/files", '["a.txt", "b.txt"]'],
    ["scan/word", "a.txt b.txt"],
  ]),
  statuses: new Map(),
  run: { id: "r1", dag: "demo", error: null, status: null },
};
const ofList = (items: string | JsonValue[]): ForeachSpec => ({
  over: { kind: "list", items },
  maxParallel: 10,
  failFast: true,
});
const ofMatrix = (axes: MatrixSpec["axes"], rest: Partial<MatrixSpec> = {}): ForeachSpec => ({
  ...ofList([]),
  over: { kind: "matrix", axes, ...rest },
});

describe("items of a list", () => {
  test.each<[string, string | JsonValue[], JsonValue[]]>([
    ["as it stands", ["a", 1, null, [2]], ["a", 1, null, [2]]],
    ["none", [], []],
    ["a parameter", `${open} params.list }}`, ["a", { host: "h" }]],
    ["a command's output, which is text", `${open} steps.scan.outputs.files }}`, ["a.txt", "b.txt"]],
    ["the same, said", `${open} fromJson(steps.scan.outputs.files) }}`, ["a.txt", "b.txt"]],
    [
      "texts with expressions",
      [`${open} params.name }}-1`, { n: `${open} params.name }}` }],
      ["x-1", { n: "x" }],
    ],
  ])("%s", (_, items, expected) => {
    expect(itemsOf(ofList(items), data)).toEqual({ ok: true, items: expected });
  });

  test.each<[string, string]>([
    [`${open} params.none }}`, "foreach gave nothing: null; expected a list"],
    [`${open} params.map }}`, "foreach gave an object"],
    [`${open} length(params.list) }}`, "foreach gave number 2"],
    [
      `${open} steps.scan.outputs.word }}`,
      'foreach gave the text "a.txt b.txt"; expected a list, or text that is one in JSON',
    ],
  ])("%s is none", (items, problem) => {
    expect(itemsOf(ofList(items), data)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  test("there are at most 1,000, of 1 MiB together", () => {
    const count = (n: number) => itemsOf(ofList(Array.from({ length: n }, () => "x")), data);
    expect(count(1000)).toMatchObject({ ok: true });
    expect(count(1001)).toMatchObject({
      problem: expect.stringContaining("foreach gave 1001 items, at most 1000"),
    });
    expect(itemsOf(ofList(["x".repeat(1024 * 1024)]), data)).toMatchObject({
      problem: "foreach gave items of more than 1048576 bytes together: give names of them",
    });
  });

  test("what a value says is not looked at again", () => {
    const params = new Map<string, JsonValue>([["list", [`${open} run.id }}`]]]);
    const answer = itemsOf(ofList(`${open} params.list }}`), { ...data, params });
    expect(answer).toEqual({ ok: true, items: [`${open} run.id }}`] });
  });

  test("the names that must be known before", () => {
    const spec = ofMatrix(
      { a: `${open} params.list }}`, b: [`${open} steps.scan.outputs.files }}`] },
      { include: [{ c: `${open} run.id }}` }] },
    );
    expect(foreachPaths(spec).map(({ root }) => root)).toEqual(["params", "steps", "run"]);
  });
});

describe("items of a matrix", () => {
  const matrix = { os: ["linux", "mac"], n: [1, 2] };
  const of = (rest: Partial<MatrixSpec>, axes: MatrixSpec["axes"] = matrix) =>
    itemsOf(ofMatrix(axes, rest), data);

  test("every combination, the last axis fastest", () => {
    expect(of({})).toEqual({
      ok: true,
      items: [
        { os: "linux", n: 1 },
        { os: "linux", n: 2 },
        { os: "mac", n: 1 },
        { os: "mac", n: 2 },
      ],
    });
  });

  test("without what is excluded; text that is a number is one", () => {
    expect(of({ exclude: [{ os: "mac" }, { n: "1" }] })).toEqual({
      ok: true,
      items: [{ os: "linux", n: 2 }],
    });
  });

  test("texts are compared as they are, also those that read as numbers", () => {
    const axes = { v: ["3.1", "3.10", 3.1] };
    expect(of({ exclude: [{ v: "3.1" }] }, axes)).toEqual({ ok: true, items: [{ v: "3.10" }] });
    expect(of({ exclude: [{ v: 3.1 }] }, axes)).toEqual({ ok: true, items: [] });
    expect(of({ exclude: [{ v: { b: 1, a: 2 } }] }, { v: [{ a: 2, b: 1 }, "x"] })).toEqual({
      ok: true,
      items: [{ v: "x" }],
    });
  });

  test("large values are looked at once, however many combinations there are", () => {
    const large = (seed: number) => ({ text: "x".repeat(40_000), seed });
    const axes = {
      a: Array.from({ length: 10 }, (_, seed) => large(seed)),
      b: Array.from({ length: 1000 }, (_, n) => n),
    };
    const exclude = Array.from({ length: 200 }, (_, seed) => ({ a: large(seed % 10), b: seed }));
    const before = performance.now();
    expect(of({ exclude }, axes)).toMatchObject({
      problem: "matrix gave 9800 items, at most 1000: let an item be several of them",
    });
    expect(performance.now() - before).toBeLessThan(5000);
  });

  test("what is included adds to what it fits, and else is one of its own", () => {
    const include = [{ fast: true }, { os: "mac", fast: false }, { os: "bsd", n: 1 }, { os: "linux", n: 3 }];
    expect(of({ include })).toEqual({
      ok: true,
      items: [
        { os: "linux", n: 1, fast: true },
        { os: "linux", n: 2, fast: true },
        { os: "mac", n: 1, fast: false },
        { os: "mac", n: 2, fast: false },
        { os: "bsd", n: 1 },
        { os: "linux", n: 3 },
      ],
    });
  });

  test("an empty axis leaves nothing but what is included", () => {
    expect(of({ include: [{ os: "bsd" }] }, { os: [] })).toEqual({ ok: true, items: [{ os: "bsd" }] });
    expect(of({}, { os: [], n: [1] })).toEqual({ ok: true, items: [] });
  });

  test("an axis is a list of single values", () => {
    expect(of({}, { os: `${open} params.name }}` })).toMatchObject({
      problem: 'matrix.os gave the text "x"; expected a list, or text that is one in JSON',
    });
    const params = new Map<string, JsonValue>([["list", ["x", ["y"]]]]);
    expect(itemsOf(ofMatrix({ os: `${open} params.list }}` }), { ...data, params })).toEqual({
      ok: false,
      problem: "matrix.os has a list in it, at place 2: give one value",
    });
  });

  test("a product is not made before it is known to be small", () => {
    const axis = Array.from({ length: 1000 }, (_, index) => index);
    const axes = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => `a${index}`).map((name) => [name, axis]),
    );
    expect(of({}, axes)).toMatchObject({ problem: expect.stringContaining("combinations, at most 10000") });
  });

  test("any axes: as many as their product, each once, each value from its axis", () => {
    const axis = fc.uniqueArray(fc.oneof(fc.boolean(), fc.stringMatching(/^[a-z]{0,3}$/)), { maxLength: 4 });
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-c]$/), axis, { minKeys: 1 }), (axes) => {
        const answer = of({}, axes);
        const items = answer.ok ? (answer.items as JsonObject[]) : expect.fail(answer.problem);
        expect(items).toHaveLength(Object.values(axes).reduce((product, list) => product * list.length, 1));
        expect(new Set(items.map((item) => JSON.stringify(item))).size).toBe(items.length);
        for (const item of items) {
          expect(Object.keys(item)).toEqual(Object.keys(axes));
          for (const [name, list] of Object.entries(axes)) expect(list).toContain(item[name]);
        }
      }),
    );
  });
});

describe("what an expression says of an item", () => {
  const withItem = (value: JsonValue): TemplateData => ({ ...data, item: { index: 3, value } });

  test.each<[string, JsonValue, JsonValue]>([
    ["item", "eu", "eu"],
    ["item", { a: 1 }, { a: 1 }],
    ["item.a", { a: 1 }, 1],
    ["item.b", { a: 1 }, null],
    ["item.toString", { a: 1 }, null],
    ["item.length", "eu", null],
    ["item.length", [1], null],
    ["matrix.os", { os: "mac" }, "mac"],
    ["index", "eu", 3],
    ["index == 3 && item == 'eu'", "eu", true],
  ])("%s of %j", (text, value, expected) => {
    expect(evaluate(`${open} ${text} }}`, withItem(value))).toEqual(expected);
  });

  test("where there is none it is null", () => {
    expect(
      ["item", "item.a", "matrix.a", "index"].map((text) => evaluate(`${open} ${text} }}`, data)),
    ).toEqual([null, null, null, null]);
  });
});

import type { JsonValue, StepPhase } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExpression } from "./expression-parse.ts";
import { isTrue, type TemplateData, valueOf } from "./expression-value.ts";
import { evaluate, parseTemplate, pathsOf, render } from "./expressions.ts";

const open = "$" + "{{";
const data: TemplateData = {
  params: new Map<string, JsonValue>([
    ["name", "World"],
    ["count", 3],
    ["nothing", null],
    ["list", [1, "two"]],
    ["map", { a: 1, b: [2] }],
    ["nested", `${open} params.name }}`],
  ]),
  outputs: new Map<string, JsonValue>([
    ["build/tag", "v1"],
    ["build/count", "5"],
    ["build/ok", "false"],
    ["build/json", '{"a": [1, 2]}'],
  ]),
  statuses: new Map<string, StepPhase>([["build", "succeeded"]]),
  run: { id: "r1", dag: "demo", error: null, status: null },
};

describe("rendering", () => {
  test.each([
    ["no expression", "no expression"],
    [`Hello ${open} params.name }}!`, "Hello World!"],
    [`${open}params.name}}${open}run.id}}`, "Worldr1"],
    [`${open} params.count }}`, "3"],
    [`${open} params.list }}`, '[1,"two"]'],
    [`[${open} params.nothing }}]`, "[]"],
    [`[${open} params.unknown }}]`, "[]"],
    [`${open} steps.build.outputs.tag }}`, "v1"],
    [`[${open} steps.build.outputs.late }}]`, "[]"],
    [`${open} run.dag }}`, "demo"],
    [`a }} b`, "a }} b"],
    [`${open} params.name }}}`, "World}"],
    [`$${open} params.name }}`, "$World"],
    ["$" + "{ params.name }", "$" + "{ params.name }"],
    // What a value says is text: it is not looked at again.
    [`${open} params.nested }}`, `${open} params.name }}`],
  ])("%j becomes %j", (template, expected) => {
    expect(parseTemplate(template)).toMatchObject({ ok: true });
    expect(render(template, data)).toBe(expected);
  });
});

describe("values", () => {
  test.each<[string, JsonValue]>([
    ["params.count", 3],
    ["params.list", [1, "two"]],
    ["params.nothing", null],
    ["run.error", null],
    ["steps.build.status", "succeeded"],
    ["steps.other.status", null],
    ["'it''s'", "it's"],
    ['"a ""b"" }}"', 'a "b" }}'],
    ["-1.5e2", -150],
    ["true", true],
    ["null", null],
    // Comparing
    ["params.count == 3", true],
    ["params.count == '3'", true],
    ["'3' == '3.0'", false],
    ["params.name == 'World'", true],
    ["params.name != 'World'", false],
    ['params.map == fromJson(\'{"b": [2], "a": 1}\')', true],
    ["params.list == params.map", false],
    ["params.nothing == null", true],
    ["params.nothing == false", false],
    ["null == 0", false],
    ["'a' < 'b'", true],
    ["'b' <= 'a'", false],
    ["2 < 10", true],
    ["steps.build.outputs.count < 10", true],
    ["steps.build.outputs.count >= 5", true],
    ["steps.build.outputs.ok == false", true],
    ["null < 1", false],
    ["null >= 1", false],
    ["params.list > 1", false],
    // Joining
    ["!steps.build.outputs.ok", true],
    ["!!'text'", true],
    ["params.nothing || 'else'", "else"],
    ["params.name && params.count", 3],
    ["0 || '' || false", false],
    ["true && false || true", true],
    ["true || false && false", true],
    ["!(true || false)", false],
    ["!true == false", true],
    ["(1 < 2) == true", true],
    // Functions
    ["contains(params.list, 1)", true],
    ["contains(params.list, 'tw')", false],
    ["contains(params.name, 'orl')", true],
    ["contains(params.map, 'a')", true],
    ["contains(params.map, 'toString')", false],
    ["contains(5, '5')", false],
    ["startsWith(params.name, 'Wo')", true],
    ["endsWith(params.name, 'ld')", true],
    ["startsWith(params.count, '3')", false],
    ["length(params.name)", 5],
    ["length(params.list)", 2],
    ["length(params.map)", 2],
    ["length(params.nothing)", 0],
    ["length(3)", null],
    ["default(params.nothing, 'x')", "x"],
    ["default('', 'x')", ""],
    ["toJson(params.map)", '{"a":1,"b":[2]}'],
    ["fromJson(steps.build.outputs.json)", { a: [1, 2] }],
    ["fromJson('no json')", null],
    ["fromJson(3)", null],
  ])("%s is %j", (text, expected) => {
    expect(evaluate(`${open} ${text} }}`, data)).toEqual(expected);
  });

  test.each<[JsonValue, boolean]>([
    [false, false],
    [null, false],
    [0, false],
    ["", false],
    ["false", false],
    ["0", false],
    ["0.0", false],
    [true, true],
    [1, true],
    ["no", true],
    ["null", true],
    [[], true],
    [{}, true],
  ])("%j as a condition is %s", (value, expected) => {
    expect(isTrue(value)).toBe(expected);
  });

  test("no value grows beyond a limit, however deep or long it is made", () => {
    const long: TemplateData = { ...data, params: new Map([["v", '"'.repeat(500_000)]]) };
    const wrapped = `${"toJson(".repeat(30)}params.v${")".repeat(30)}`;
    expect(render(`${open} ${wrapped} }}`, long).length).toBeLessThanOrEqual(1024 * 1024);
    expect(evaluate(`${open} toJson(params.v) }}`, long)).toHaveLength(1_000_002);
    expect(evaluate(`${open} toJson(toJson(params.v)) }}`, long)).toBeNull();
    const deep: TemplateData = { ...data, params: new Map([["v", "[".repeat(50_000) + "]".repeat(50_000)]]) };
    expect(evaluate(`${open} fromJson(params.v) }}`, deep)).toBeNull();
    let nested: JsonValue = [];
    for (let level = 0; level < 100_000; level++) nested = [nested];
    const inner: TemplateData = { ...data, params: new Map([["v", nested]]) };
    expect(evaluate(`${open} toJson(params.v) }}`, inner)).toBeNull();
    expect(evaluate(`${open} params.v == params.list }}`, inner)).toBe(false);
  });
});

describe("what is refused", () => {
  test.each([
    ["", "the end where a value belongs; expected params.<name>"],
    ["params", "unknown name; expected params.<name>"],
    ["params.", '"." at character 7 means nothing here'],
    ["params.a.b", "unknown name; expected"],
    ["params.a-b", "unknown name; expected"],
    ["params['a']", '"[" at character 7'],
    ["params.__proto__", '"." at character 7'],
    ["secrets.token", "unknown name; expected"],
    ["env.HOME", "unknown name"],
    ["process.exit()", 'unknown function "process.exit"'],
    ["run.params", "unknown name"],
    ["steps.a", "unknown name"],
    ["steps.a.outputs", "unknown name"],
    ["steps.a.result", "unknown name"],
    ["steps.a/b.outputs.c", '"/" at character 8'],
    ["1 + 1", '"+" at character 3'],
    ["1 2", '"2" does not belong there; join parts by && or ||'],
    ["constructor.constructor('return 1')()", 'unknown function "constructor.constructor"'],
    ["params.a; params.b", '";" at character 9'],
    ["params.\u0430", '"." at character 7'],
    ["a == b == c", "unknown name"],
    ["1 == 2 == 3", "a second ==: put parentheses around the first comparison"],
    ["(1", "the end where ) belongs"],
    ["contians('a', 'b')", 'unknown function "contians"; did you mean "contains"?'],
    ["length()", "length takes 1 value, not 0"],
    ["contains('a')", "contains takes 2 values, not 1"],
    ["success", "success is a function: write success()"],
    ["'open", "a ' without its closing one"],
    ["01", '"0" at character 1'],
    ["1e999", "the number 1e999 is too large"],
    ["hasOwnProperty('a')", 'unknown function "hasOwnProperty"'],
    [`${"(".repeat(40)}1${")".repeat(40)}`, "more than 32 levels deep"],
    [`${"!".repeat(40)}1`, "more than 32 levels deep"],
  ])("the expression %j", (inside, problem) => {
    expect(parseExpression(inside)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  test("an expression that is not closed", () => {
    for (const text of [`a ${open} params.a }`, `a ${open} 'x }}`]) {
      expect(parseTemplate(text)).toEqual({ ok: false, problem: `has a ${open} without its }}` });
    }
  });

  test("an expression that is very long, and the message does not repeat it", () => {
    const answer = parseTemplate(`${open} ${"a".repeat(5000)} }}`);
    expect(answer).toMatchObject({ ok: false });
    expect(JSON.stringify(parseTemplate(`${open} ${"a".repeat(4000)} }}`)).length).toBeLessThan(350);
  });
});

describe("for any text", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(open, "}}", "}", "{", "$", " params.name ", "steps.build.outputs.tag", "run.id", "'"),
  );
  const text = fc.array(piece).map((pieces) => pieces.join(""));

  test("parsing and rendering answer, and the parts that are text come back unchanged", () => {
    fc.assert(
      fc.property(text, (template) => {
        const parsed = parseTemplate(template);
        if (!parsed.ok) expect(render(template, data)).toBe(template);
        const literal = parsed.ok ? parsed.parts.filter((part) => part.kind === "text") : [];
        const rendered = render(template, data);
        for (const part of literal) expect(rendered).toContain(part.text);
        if (!parsed.ok) expect(pathsOf(template)).toEqual([]);
      }),
    );
  });

  test("whatever a value holds, rendering puts it in as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        const rendered = render(`<${open} params.v }}>`, { ...data, params: new Map([["v", value]]) });
        expect(rendered).toBe(`<${value}>`);
      }),
    );
  });

  const words = fc.constantFrom(
    ..."params.name params.list params.map steps.build.outputs.count steps.build.status run.error true null 1 -2.5".split(
      " ",
    ),
    ..."'a' \"b\" == != < <= > >= && || ! ( ) , contains( startsWith( length( default( toJson( fromJson(".split(
      " ",
    ),
    ..."success() failure() always() cancelled()".split(" "),
  );
  const source = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(words, { maxLength: 40 }).map((all) => all.join(" ")),
  );

  test("an expression is either refused in words or has a value, the same each time", () => {
    fc.assert(
      fc.property(source, (text) => {
        const parsed = parseExpression(text);
        const value = parsed.ok ? valueOf(parsed.expression, data) : parsed.problem;
        if (!parsed.ok) expect(parsed.problem.length).toBeLessThan(500);
        else expect(valueOf(parsed.expression, data)).toEqual(value);
        expect(value).not.toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  /** Expressions that are good by the way in which they are made, with their values. */
  const { tree } = fc.letrec<{ tree: [string, boolean]; leaf: [string, boolean] }>((tie) => ({
    leaf: fc.constantFrom<[string, boolean]>(
      ["true", true],
      ["params.name == 'World'", true],
      ["params.count > 3", false],
      ["failure()", false],
    ),
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      tie("leaf"),
      tie("tree").map(([text, value]): [string, boolean] => [`!(${text})`, !value]),
      fc
        .tuple(tie("tree"), tie("tree"))
        .map(([a, b]): [string, boolean] => [`(${a[0]} && ${b[0]})`, a[1] && b[1]]),
      fc
        .tuple(tie("tree"), tie("tree"))
        .map(([a, b]): [string, boolean] => [`(${a[0]} || ${b[0]})`, a[1] || b[1]]),
    ),
  }));

  test("what is built from good parts has the value of its parts", () => {
    fc.assert(
      fc.property(tree, ([text, expected]) => {
        const parsed = parseExpression(text);
        if (!parsed.ok) expect(parsed.problem).toMatch(/levels deep|characters/);
        else expect(isTrue(valueOf(parsed.expression, data))).toBe(expected);
      }),
    );
  });
});

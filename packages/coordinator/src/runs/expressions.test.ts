import type { JsonValue } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTemplate, pathsOf, render, type TemplateData } from "./expressions.ts";

const open = "$" + "{{";
const data: TemplateData = {
  params: new Map<string, JsonValue>([
    ["name", "World"],
    ["count", 3],
    ["nothing", null],
    ["list", [1, "two"]],
    ["nested", `${open} params.name }}`],
  ]),
  outputs: new Map<string, JsonValue>([["build/tag", "v1"]]),
  run: { id: "r1", dag: "demo" },
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

describe("what is refused", () => {
  test.each([
    "",
    "params",
    "params.",
    "params.a.b",
    "params.a-b",
    "params['a']",
    "params.__proto__",
    "secrets.token",
    "env.HOME",
    "process.exit()",
    "run.params",
    "run.id.length",
    "steps.a",
    "steps.a.outputs",
    "steps.a.outputs.b.c",
    "steps.a.result",
    "steps.a/b.outputs.c",
    "1 + 1",
    "params.a || params.b",
    "constructor.constructor('return 1')()",
    "params.a; params.b",
    "params.\u0430",
  ])("the expression %j", (inside) => {
    expect(parseTemplate(`x ${open} ${inside} }} y`)).toMatchObject({
      ok: false,
      problem: expect.stringContaining("expected params.<name>"),
    });
  });

  test("an expression that is not closed", () => {
    expect(parseTemplate(`a ${open} params.a }`)).toEqual({
      ok: false,
      problem: `has a ${open} without its }}`,
    });
  });

  test("an expression that is very long, and the message does not repeat it", () => {
    const answer = parseTemplate(`${open} ${"a".repeat(5000)} }}`);
    expect(answer).toMatchObject({ ok: false });
    expect(JSON.stringify(parseTemplate(`${open} ${"a".repeat(4000)} }}`)).length).toBeLessThan(250);
  });
});

describe("for any text", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(open, "}}", "}", "{", "$", " params.name ", "steps.build.outputs.tag", "run.id"),
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
        expect(pathsOf(template)).toHaveLength(parsed.ok ? parsed.parts.length - literal.length : 0);
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
});

import type { JsonObject } from "@haversack/protocol";
import { ProblemsError } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { settleFields } from "./form.ts";

const form: JsonObject = {
  type: "object",
  required: ["ring", "hosts"],
  properties: {
    ring: { type: "string", enum: ["canary", "all"] },
    hosts: { type: "integer", minimum: 1 },
    dry: { type: "boolean", default: true },
    who: { type: "object", required: ["mail"], properties: { mail: { type: "string" } } },
  },
};

function problemsOf(given: JsonObject, decision: "approved" | "rejected" = "approved", of?: JsonObject) {
  try {
    settleFields(of ?? form, given, decision);
    return [];
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.message.split("\n");
  }
}

describe("an answer", () => {
  test("is filled in with the defaults of the form", () => {
    expect(settleFields(form, { ring: "all", hosts: 2 }, "approved")).toEqual({
      ring: "all",
      hosts: 2,
      dry: true,
    });
  });

  test("may come as text, as a command line gives it", () => {
    const given = { ring: "all", hosts: "2", dry: "false", who: '{"mail":"a@b"}' };
    expect(settleFields(form, given, "approved")).toEqual({
      ring: "all",
      hosts: 2,
      dry: false,
      who: { mail: "a@b" },
    });
  });

  test("is told everything that is wrong, by the name of the field", () => {
    expect(problemsOf({ ring: "some", hosts: "many" })).toEqual([
      'answer: fields.ring: Invalid option: expected one of "canary"|"all"',
      "answer: fields.hosts: expected number, received string",
    ]);
    expect(problemsOf({ ring: "all" })).toEqual(["answer: fields.hosts: is required"]);
    expect(problemsOf({ ring: "all", hosts: 1, who: {} })).toEqual(["answer: fields.who.mail: is required"]);
  });

  test("has no field that the form does not ask for", () => {
    expect(problemsOf({ rng: "all" })).toEqual([
      'answer: fields.rng: the form has no such field; did you mean "ring"?',
    ]);
    expect(problemsOf(JSON.parse('{"__proto__": 1, "toString": 2}') as JsonObject)).toHaveLength(2);
    expect(() => settleFields(undefined, { a: 1 }, "approved")).toThrow("fields.a: the step has no form");
  });

  test("that rejects need not fill in the form, and gets no defaults; what it does fill in must fit", () => {
    expect(settleFields(form, {}, "rejected")).toEqual({});
    expect(settleFields(form, { ring: "all" }, "rejected")).toEqual({ ring: "all" });
    expect(problemsOf({ hosts: 0 }, "rejected")).toHaveLength(1);
  });

  test("of more than 64 KiB is refused", () => {
    const long: JsonObject = { properties: { note: { type: "string" } } };
    expect(problemsOf({ note: "x".repeat(65_000) }, "approved", long)).toEqual([]);
    expect(problemsOf({ note: "x".repeat(66_000) }, "approved", long)).toEqual([
      expect.stringContaining("fields: 66011 bytes, at most 65536"),
    ]);
  });
});

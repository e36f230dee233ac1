import { ProblemsError } from "@haversack/protocol";
import { expect, test } from "vitest";
import { ParsedDags } from "./parsed-dags.ts";

const text = (script: string) => `name: known\nsteps:\n  - { id: a, run: "${script}" }\n`;

test("the same text under the same name is read once", () => {
  const dags = new ParsedDags();
  const first = dags.get(text("true"), "a.yaml");
  expect(dags.get(text("true"), "a.yaml")).toBe(first);
  const elsewhere = dags.get(text("true"), "b.yaml");
  expect([elsewhere === first, elsewhere.digest, elsewhere.source.file]).toEqual([
    false,
    first.digest,
    "b.yaml",
  ]);
  expect(dags.get(text("false"), "a.yaml").digest).not.toBe(first.digest);
});

test("agents' defaults are part of the digest", () => {
  const dags = new ParsedDags();
  const more = `${text("true")}defaults: { agent: { model: fast } }\n`;
  expect(dags.get(more, "a.yaml").digest).not.toBe(dags.get(text("true"), "a.yaml").digest);
});

test("what was not used for longest goes first", () => {
  const dags = new ParsedDags(3 * text("x").length);
  const [a, b] = [dags.get(text("a"), ""), dags.get(text("b"), "")];
  expect(dags.get(text("a"), "")).toBe(a);
  dags.get(text("c"), "");
  expect(dags.get(text("a"), "")).toBe(a);
  expect(dags.get(text("b"), "")).not.toBe(b);
});

test("what is wrong is wrong each time", () => {
  const dags = new ParsedDags();
  for (const _ of [1, 2]) expect(() => dags.get("steps: 1", "a.yaml")).toThrow(ProblemsError);
});

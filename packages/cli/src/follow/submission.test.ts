import { expect, test } from "vitest";
import { withAbsolutePaths } from "./submission.ts";

const dag = `
params:
  repo: { type: string, format: path, default: ../.. }
  out: { type: string, format: path }
  name: { type: string, default: ../x }
`;
const paths = (given: Record<string, string>, text = dag): object =>
  Object.fromEntries(withAbsolutePaths(text, new Map(Object.entries(given)), "/here", "/dags/of/mine"));

test("a path that is given is relative to the caller, a default to the DAG", () => {
  expect(paths({})).toEqual({ repo: "/dags" });
  expect(paths({ repo: "a", out: "/b", name: "c" })).toEqual({ repo: "/here/a", out: "/b", name: "c" });
});

test.each([
  "",
  "params: 3",
  "a: b: c",
  "params:\n  x: y",
  "- list",
  "params: {x: {format: path, default: 3}}",
])("what is no DAG is left to the coordinator: %j", (text) =>
  expect(paths({ x: "y" }, text)).toEqual({ x: text.includes("format") ? "/here/y" : "y" }),
);

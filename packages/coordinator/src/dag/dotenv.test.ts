import { formatProblem, ProblemsError } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { render } from "../runs/expressions.ts";
import { dag, open } from "../testing/dag-text.ts";
import { parseDag } from "./parse-dag.ts";

const withDotenv = (dotenv: string, rest = "") => `dotenv: ${dotenv}\n${rest}${dag("- { id: a, run: x }")}`;

function read(text: string, files: Record<string, string>): Record<string, string> | string[] {
  try {
    return { ...parseDag(text, "dags/f.yaml", files).spec.env };
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map(formatProblem);
  }
}

describe("variables of dotenv files", () => {
  test("later files win over earlier ones, the DAG's own env over all", () => {
    const text = withDotenv("[.env, config/test.env]", "env: { C: dag }\n");
    const files = { ".env": "A=one\nB=one\nC=one\n", "config/test.env": "B=two\nC=two\n" };
    expect(read(text, files)).toEqual({ A: "one", B: "two", C: "dag" });
  });

  test("one path, one object, comments, quotes, export and lines within quotes", () => {
    const file =
      "\uFEFF# a comment\n\nexport A='x # y'   # why\r\n  B = two words \nC=\"one\ntwo\"\nD=\nE=a=b\nF=`q`\n";
    const env = { A: "x # y", B: "two words", C: "one\ntwo", D: "", E: "a=b", F: "q" };
    expect(read(withDotenv(".env"), { ".env": file })).toEqual(env);
    expect(read(withDotenv("{ path: .env }"), { ".env": file })).toEqual(env);
  });

  test("what stands in a file is no expression and no reference", () => {
    const value = `${open} params.x }} and ${open}'a'}} $A \${A}`;
    const env = read(withDotenv(".env"), { ".env": `V=${value}\n` }) as Record<string, string>;
    const data = {
      params: new Map(),
      outputs: new Map(),
      statuses: new Map(),
      run: { id: "r", dag: "d", error: null, status: null },
    };
    expect(render(env["V"] ?? "", data)).toBe(value);
  });

  test("who has no use for them needs none", () => {
    expect(parseDag(withDotenv(".env"), "f.yaml").spec.env).toEqual({});
  });
});

describe("what is wrong is told with its place", () => {
  test("a file that is missing, unless it may be", () => {
    expect(read(withDotenv("[{ path: .env, optional: true }]"), {})).toEqual({});
    expect(read(withDotenv("[a.env, b.env]"), { "a.env": "A=1" })).toEqual([
      'dags/f.yaml:1:17: dotenv[1]: there is no file "b.env" beside the DAG; make it, or write { path: b.env, optional: true } if it may be missing',
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      "../.env",
      {},
      'dags/f.yaml:1:1: dotenv: the path "../.env" has the segment ".."; expected a file beside the DAG',
    ],
    ["/etc/passwd", {}, "is absolute"],
    [
      ".env",
      { ".env": "A=1", "b.env": "B=2" },
      'the file "b.env" was sent along, but the DAG does not name it',
    ],
    [".env", { ".env": `A=${"x".repeat(70_000)}` }, '".env" has 70002 bytes, at most 65536 are allowed'],
    [".env", { ".env": "A=1\njust words\nB=2" }, "dags/.env:2:1: expected NAME=value"],
    [".env", { ".env": "A=1\nexport B" }, "dags/.env:2:1: expected NAME=value"],
    [".env", { ".env": "A=1\nFOO-BAR=2" }, "dags/.env:2:1: FOO-BAR: expected a variable name"],
    [
      ".env",
      { ".env": "\nexport HAVERSACK_TOKEN=2" },
      "dags/.env:2:1: HAVERSACK_TOKEN: HAVERSACK_TOKEN is reserved",
    ],
    [".env", { ".env": "LD_PRELOAD=x.so" }, "LD_PRELOAD is reserved or decides what programs load"],
    [".env", { ".env": "__proto__=x" }, "__proto__: expected a variable name"],
    [".env", { ".env": "A=x\0y" }, "A: contains a NUL character"],
    ["[]", {}, "dags/f.yaml:1:1: dotenv: too small"],
    ["3", {}, "dotenv: expected a path"],
    ["{ path: .env, optinal: true }", {}, "dotenv"],
  ])("%s %j", (dotenv, files, message) => {
    expect(read(withDotenv(dotenv), files)).toContainEqual(expect.stringContaining(message));
  });

  test("a name that is wrong is told once, at its file", () => {
    expect(read(withDotenv(".env"), { ".env": "PATH=/x\nPARAM_A=1\n" })).toHaveLength(1);
  });
});

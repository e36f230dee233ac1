import { isSecretName, ProblemsError } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { parseDag } from "./parse-dag.ts";
import { secretsSchema } from "./secret-schema.ts";

const dag = (steps: string, root = "") => `name: d\n${root}steps:\n${steps}\n`;
const secretsIn = (text: string) => parseDag(text, "f.yaml").spec.steps.map(({ secrets }) => secrets);

function problemsOf(text: string): string[] {
  try {
    parseDag(text, "f.yaml");
    return [];
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map(({ line, field, message }) => `${line} ${field}: ${message}`);
  }
}

describe("secrets of steps", () => {
  test("are names, with the variable that they go to", () => {
    expect(secretsIn(dag("- { id: a, run: x, secrets: [github-token] }"))).toEqual([
      [{ variable: "GITHUB_TOKEN", from: { secret: "github-token" } }],
    ]);
    const map = "{ A: one, B: { secret: two }, C: { env: HOST_KEY }, D: { file: /run/secrets/d } }";
    expect(secretsIn(dag(`- { id: a, run: x, secrets: ${map} }`))).toEqual([
      [
        { variable: "A", from: { secret: "one" } },
        { variable: "B", from: { secret: "two" } },
        { variable: "C", from: { env: "HOST_KEY" } },
        { variable: "D", from: { file: "/run/secrets/d" } },
      ],
    ]);
  });

  test("are those of the DAG for commands that say nothing, and for no agent", () => {
    const steps = [
      "- { id: a, run: x }",
      "- { id: b, run: x, secrets: [] }",
      "- { id: c, run: x, secrets: [other] }",
      "- { id: d, agent: { prompt: p } }",
      "- { id: e, agent: { prompt: p }, secrets: [mine] }",
    ];
    const named = secretsIn(dag(steps.join("\n"), "secrets: [shared]\n"));
    expect(named.map((secrets) => secrets?.map(({ variable }) => variable))).toEqual([
      ["SHARED"],
      undefined,
      ["OTHER"],
      undefined,
      ["MINE"],
    ]);
  });

  test.each([
    ["- { id: a, run: x, secrets: [Bad] }", "3 steps[0].secrets", "expected"],
    [
      "- { id: a, run: x, secrets: { A: ghp_value! } }",
      "3 steps[0].secrets.A",
      "expected the name of a secret",
    ],
    ["- { id: a, run: x, secrets: { LD_PRELOAD: x } }", "3 steps[0].secrets.LD_PRELOAD", "reserved"],
    ["- { id: a, run: x, secrets: [2fa] }", "3 steps[0].secrets[0]", "choose one: secrets: { NAME: 2fa }"],
    ["- { id: a, run: x, secrets: [t, t] }", "3 steps[0].secrets[1]", "listed twice"],
    ["- { id: a, run: x, env: { T: v }, secrets: [t] }", "3 steps[0].secrets[0]", "stands in `env` too"],
    ["- { id: a, dag: { use: x }, secrets: [t] }", "3 steps[0].secrets", "do not reach a child run"],
    ["- { id: a, human: { prompt: p }, secrets: [t] }", "3 steps[0].secrets", "a step that a worker runs"],
  ])("%s", (steps, place, message) => {
    const problems = problemsOf(dag(steps));
    expect(problems.join("\n")).toContain(place);
    expect(problems.join("\n")).toContain(message);
  });

  test("of the DAG are checked too", () => {
    expect(problemsOf(dag("- { id: a, run: x }", "secrets: { HAVERSACK_X: x }\n"))).toEqual([
      expect.stringContaining("2 secrets.HAVERSACK_X: HAVERSACK_X is reserved"),
    ]);
  });

  test("are no context of expressions", () => {
    const open = "$" + "{{";
    for (const text of [`"${open} secrets.t }}"`, `"${open} env.T }}"`]) {
      expect(problemsOf(dag(`- { id: a, run: x, secrets: [t], env: { A: ${text} } }`))).toHaveLength(1);
      expect(problemsOf(dag(`- { id: a, run: x, secrets: [t], if: ${text} }`))).toHaveLength(1);
    }
  });
});

test("a name in a DAG is one that the vault takes", () => {
  for (const name of ["a", "a-b", "-a", "a--b", "A", "a_b", "", "x".repeat(64), "x".repeat(65)]) {
    expect([name, secretsSchema.safeParse([name]).success]).toEqual([name, isSecretName(name)]);
  }
});

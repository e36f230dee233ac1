import { describe, expect, test } from "vitest";
import { dag, open, problemsOf } from "../testing/dag-text.ts";
import { parseDag } from "./parse-dag.ts";

describe("a good file", () => {
  test("becomes a spec with its defaults filled in", () => {
    const { spec } = parseDag(
      dag("- { id: a, run: echo hi }", "- { id: b, run: echo ho, depends: [a], timeout: 90s }"),
      "f.yaml",
    );
    expect(spec).toMatchObject({ name: "demo", params: {}, env: {} });
    expect(spec.steps[0]).toEqual({
      id: "a",
      depends: [],
      env: {},
      worker: {},
      retry: { limit: 0, backoff: "fixed", delayMs: 1000, maxDelayMs: 3_600_000 },
      outputs: [],
      artifacts: [],
      inputs: [],
      onWorkerLost: "retry",
      work: { kind: "run", script: "echo hi", shell: ["bash", "-euo", "pipefail"], workdir: "" },
    });
    expect(spec.steps[1]).toMatchObject({ depends: ["a"], timeoutMs: 90_000 });
  });

  test("handlers stand behind the steps, by kind, and see every step", () => {
    const { spec } = parseDag(
      `onExit: [{ id: z, run: x }]
onFailure: [{ id: f, run: x, env: { A: "${open} run.status }} ${open} steps.a.outputs.n }}" } }, { id: g, run: x }]
${dag("- { id: a, run: x, outputs: [n] }")}`,
      "f",
    );
    expect(spec.handlers?.map(({ id, handler }) => [id, handler])).toEqual([
      ["f", "onFailure"],
      ["g", "onFailure"],
      ["z", "onExit"],
    ]);
  });

  test("an `if` is kept as it was written, true and false included", () => {
    const { spec } = parseDag(
      dag(
        "- { id: a, run: x, if: false, continueOnError: true }",
        `- { id: b, run: y, depends: [a], if: "${open} failure() && contains(steps.a.status, 'fail') }}" }`,
      ),
      "f",
    );
    expect(spec.steps).toMatchObject([
      { condition: "false", continueOnError: true },
      { condition: `${open} failure() && contains(steps.a.status, 'fail') }}` },
    ]);
  });

  test("a step's own values win over the defaults, which are merged by name", () => {
    const defaults =
      "defaults: { timeout: 1m, env: { A: one, B: two }, worker: { os: linux }, retry: { limit: 2 } }\n";
    const { spec } = parseDag(
      `${defaults}${dag("- { id: a, run: x, env: { B: three }, timeout: 2m, retry: { limit: 0 } }")}`,
      "f",
    );
    expect(spec.steps[0]).toMatchObject({
      env: { A: "one", B: "three" },
      worker: { os: "linux" },
      timeoutMs: 120_000,
      retry: { limit: 0 },
    });
  });

  test("a retry may have jitter, from 0 to 1", () => {
    const text = (jitter: number) => dag(`- { id: a, run: x, retry: { limit: 2, jitter: ${jitter} } }`);
    expect(parseDag(text(0.5), "f").spec.steps[0]?.retry).toMatchObject({ limit: 2, jitter: 0.5 });
    expect(problemsOf(text(1.5))[0]).toContain("f.yaml:3:41: steps[0].retry.jitter");
  });

  test("numbers and booleans are text where text is wanted (YA-8)", () => {
    const { spec } = parseDag(
      dag("- { id: a, run: x, env: { A: 1, B: true, C: no, D: 0o7, E: 2024-01-01 } }"),
      "f",
    );
    expect(spec.steps[0]?.env).toEqual({ A: "1", B: "true", C: "no", D: "7", E: "2024-01-01" });
  });

  test("a chain as long as a file may be is checked in no time, with an expression in each step (DG-3)", () => {
    const lines = Array.from({ length: 9000 }, (_, index) =>
      index === 0
        ? "- {id: s0, run: x, outputs: [o]}"
        : `- {id: s${index}, run: x, depends: [s${index - 1}], if: steps.s0.outputs.o != 'x'}`,
    );
    const before = performance.now();
    expect(parseDag(dag(...lines), "f").spec.steps).toHaveLength(9000);
    expect(performance.now() - before).toBeLessThan(5000);
  });
});

describe("what is wrong is named with its place", () => {
  test.each<[string, string, string[]]>([
    ["nothing", "", ["f.yaml"]],
    ["no steps", "name: demo\nsteps: []\n", ["f.yaml:2:1: steps: expected at least one step"]],
    ["no name", "steps:\n  - { id: a, run: x }\n", ["name: is required"]],
    [
      "a bad name",
      "name: My DAG\nsteps:\n  - { id: a, run: x }\n",
      ["f.yaml:1:1: name: expected lower-case letters"],
    ],
    ["a bad id", dag("- { id: 1a, run: x }"), ["steps[0].id: expected a letter"]],
    [
      "a misspelt key",
      dag("- { id: a, run: x, depend: [] }"),
      ['unknown key "depend"; did you mean "depends"'],
    ],
    [
      "a misspelt key at the top",
      `${dag("- { id: a, run: x }")}parms: {}\n`,
      ['f.yaml:4:1: parms: unknown key "parms"; did you mean "params"?'],
    ],
    [
      "a key of a later version",
      dag("- { id: a, run: x, container: alpine }"),
      ["this version does not support `container` yet"],
    ],
    [
      "a schedule",
      `schedule: daily\n${dag("- { id: a, run: x }")}`,
      ["f.yaml:1:1: schedule: expected five fields such as"],
    ],
    [
      "both kinds",
      dag("- { id: a, run: x, agent: { prompt: p } }"),
      ['step "a" needs exactly one of run, agent, dag, deploy, human; it has 2'],
    ],
    [
      "no kind",
      dag("- { id: a }"),
      ['step "a" needs exactly one of run, agent, dag, deploy, human; it has 0'],
    ],
    [
      "a shell for an agent",
      dag("- { id: a, agent: { prompt: p }, shell: [sh] }"),
      ["`shell` belongs to a run step"],
    ],
    [
      "a bad duration",
      dag("- { id: a, run: x, timeout: 5 minutes }"),
      ["timeout: expected a duration such as 500ms"],
    ],
    [
      "two of one name",
      dag("- { id: a, run: x }", "- { id: a, run: y }"),
      ['f.yaml:4:7: steps[1].id: a second step "a"'],
    ],
    [
      "an unknown dependency",
      dag("- { id: build, run: x }", "- { id: b, run: y, depends: [biuld] }"),
      ['unknown step "biuld"; did you mean "build"?'],
    ],
    ["itself", dag("- { id: a, run: x, depends: [a] }"), ['step "a" depends on itself']],
    [
      "the same twice",
      dag("- { id: a, run: x }", "- { id: b, run: y, depends: [a, a] }"),
      ['"a" is listed twice'],
    ],
    [
      "a cycle",
      dag(
        "- { id: a, run: x, depends: [c] }",
        "- { id: b, run: x, depends: [a] }",
        "- { id: c, run: x, depends: [b] }",
      ),
      ["the steps wait for each other: a → c → b → a"],
    ],
    [
      "an expression in shell text",
      dag(`- { id: a, run: "echo ${open} params.x }}" }`),
      ["expressions are not allowed in shell text"],
    ],
    [
      "an unknown parameter",
      dag(`- { id: a, run: x, env: { A: "${open} params.regoin }}" } }`),
      ['unknown parameter "regoin"'],
    ],
    [
      "a parameter that every object seems to have",
      dag(`- { id: a, run: x, env: { A: "${open} params.toString }}" } }`),
      ['unknown parameter "toString"'],
    ],
    [
      "an output of no ancestor",
      dag(
        "- { id: a, run: x, outputs: [n] }",
        `- { id: b, run: y, env: { A: "${open} steps.a.outputs.n }}" } }`,
      ),
      ['step "a" is not an ancestor: add it to `depends`'],
    ],
    [
      "an output that nobody declares",
      dag(
        "- { id: a, run: x, outputs: [count] }",
        `- { id: b, run: y, depends: [a], env: { A: "${open} steps.a.outputs.cuont }}" } }`,
      ),
      ['step "a" has no output "cuont"; did you mean "count"?'],
    ],
    [
      "a handler that depends on a step",
      `${dag("- { id: a, run: x }")}onExit:\n  - { id: h, run: y, depends: [a] }\n`,
      ["f.yaml:5:5: onExit[0]: all handlers of a kind start together"],
    ],
    [
      "a handler with the name of a step",
      `${dag("- { id: a, run: x }")}onFailure: [{ id: a, run: y }]\n`,
      ['f.yaml:4:15: onFailure[0].id: a second step "a"'],
    ],
    [
      "a handler that looks at a handler, and one that asks for its ancestors",
      `${dag("- { id: a, run: x }")}onFailure: [{ id: h, run: y, if: failure() }]
onExit: [{ id: i, run: y, env: { A: "${open} steps.h.status }}" } }]\n`,
      ["onFailure[0].if: a handler asks run.status == 'failed'", 'onExit[0].env.A: unknown step "h"'],
    ],
    [
      "the run's status in a step",
      dag("- { id: a, run: x, if: run.status == 'failed' }"),
      ["steps[0].if: run.status is known to handlers only"],
    ],
    [
      "an `if` with an unknown name",
      dag("- { id: a, run: x, if: parms.go }"),
      ['f.yaml:3:22: steps[0].if: has the expression "parms.go": unknown name; expected params.<name>'],
    ],
    [
      "an `if` with an unknown parameter",
      `params: { region: { type: string } }\n${dag(`- { id: a, run: x, if: "params.regoin == 'eu'" }`)}`,
      ['steps[0].if: unknown parameter "regoin"; did you mean "region"?'],
    ],
    [
      "an `if` that looks at no ancestor",
      dag("- { id: a, run: x }", "- { id: b, run: y, if: steps.a.status == 'failed' }"),
      ['steps[1].if: step "a" is not an ancestor: add it to `depends`'],
    ],
    [
      "an `if` of more than one expression",
      dag(`- { id: a, run: x, if: "${open} true }} && ${open} true }}" }`),
      ["steps[0].if: has the expression"],
    ],
    [
      "a status function that is not in an `if`",
      dag(`- { id: a, run: x, env: { A: "${open} failure() }}" } }`),
      ["steps[0].env.A: failure() may be asked in `if` only"],
    ],
    [
      "a step's status in the DAG's env",
      `env: { A: "${open} steps.a.status }}" }\n${dag("- { id: a, run: x }")}`,
      ["f.yaml:1:8: env.A: the DAG's env may use params and run only"],
    ],
    [
      "code in an expression",
      dag(`- { id: a, run: x, env: { A: "${open} process.exit() }}" } }`),
      ['unknown function "process.exit"'],
    ],
    [
      "an env name that loads programs",
      dag("- { id: a, run: x, env: { LD_PRELOAD: evil } }"),
      ["LD_PRELOAD is reserved or decides what programs load"],
    ],
    [
      "an env name that is none",
      dag('- { id: a, run: x, env: { "A=B": x } }'),
      ["expected a variable name such as LOG_LEVEL"],
    ],
    [
      "a path that leaves",
      dag("- { id: a, run: x, artifacts: [../x] }"),
      ['the path "../x" has the segment ".."'],
    ],
    [
      "a parameter whose default does not fit",
      `params: { n: { type: integer, default: many } }\n${dag("- { id: a, run: x }")}`,
      ["its default does not fit its schema"],
    ],
    [
      "a required parameter with a default",
      `params: { n: { type: string, required: true, default: x } }\n${dag("- { id: a, run: x }")}`,
      ["a required parameter has no default"],
    ],
  ])("%s", (_, text, expected) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(expected.length);
    for (const [index, problem] of expected.entries()) expect(problems[index]).toContain(problem);
  });

  test("all at once, not the first alone", () => {
    const text = dag(
      "- { id: a, run: x, artifacts: [/x], env: { ENV: y } }",
      "- { id: b, depends: [c], run: z }",
      "- { id: b, run: z }",
    );
    expect(problemsOf(text)).toHaveLength(4);
  });
});

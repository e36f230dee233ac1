import { describe, expect, test } from "vitest";
import { dag, open, problemsOf } from "../testing/dag-text.ts";
import { parseDag } from "./parse-dag.ts";

const formOf = (more = "") =>
  `form: { type: object, required: [ring], properties: { ring: { enum: [canary, all] }, note: { type: string } } }${more}`;

describe("a step that asks a person", () => {
  test("becomes a spec without anything that a worker needs", () => {
    const defaults =
      "defaults: { timeout: 1m, env: { A: one }, worker: { os: linux }, retry: { limit: 2 } }\n";
    const text = `${defaults}${dag(
      `- { id: ask, human: { prompt: "Ship ${open} params.tag }}?", ${formOf()}, approvers: [ops], timeout: 2h, onTimeout: reject } }`,
    ).replace("steps:", "params: { tag: { type: string } }\nsteps:")}`;
    expect(parseDag(text, "f").spec.steps[0]).toEqual({
      id: "ask",
      depends: [],
      env: {},
      worker: {},
      retry: { limit: 0, backoff: "fixed", delayMs: 1000, maxDelayMs: 3_600_000 },
      outputs: [],
      artifacts: [],
      inputs: [],
      onWorkerLost: "retry",
      work: {
        kind: "human",
        prompt: `Ship ${open} params.tag }}?`,
        form: expect.objectContaining({ required: ["ring"] }),
        approvers: ["ops"],
        timeoutMs: 7_200_000,
        onTimeout: "reject",
      },
    });
  });

  test("its decision and the fields of its form are outputs, and nothing else is", () => {
    const ask = `- { id: ask, human: { prompt: ok?, ${formOf()} } }`;
    const use = (output: string) =>
      dag(ask, `- { id: use, depends: [ask], run: x, env: { A: "${open} steps.ask.outputs.${output} }}" } }`);
    for (const output of ["decision", "by", "onBehalfOf", "comment", "ring", "note"])
      expect(problemsOf(use(output))).toEqual([]);
    expect(problemsOf(use("rink"))).toEqual([
      expect.stringContaining('step "ask" has no output "rink"; did you mean "ring"?'),
    ]);
  });

  test("its prompt may name what comes before it only", () => {
    const text = dag(
      `- { id: ask, human: { prompt: "${open} steps.a.outputs.n }}" } }`,
      "- { id: a, run: x, outputs: [n] }",
    );
    expect(problemsOf(text)).toEqual([expect.stringContaining("f.yaml:3:25: steps[0].human.prompt")]);
  });

  test.each([
    ["env: { A: b }", "steps[0].env: `env` belongs to a step that a worker runs"],
    ["timeout: 5m", "the time that a person has is `human.timeout`"],
    ["outputs: [a]", "the fields of `human.form` are its outputs"],
    ["retry: { limit: 1 }", "`retry` belongs to a step that a worker runs"],
    ["queueTimeout: 1m", "`queueTimeout` belongs to a step that a worker runs"],
    ["shell: [sh]", "`shell` belongs to a run step"],
    ["run: x", 'step "ask" needs exactly one of run, agent, dag, deploy, human; it has 2'],
  ])("%s is refused", (key, problem) => {
    expect(problemsOf(dag(`- { id: ask, human: { prompt: ok? }, ${key} }`))).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  test.each([
    ["onTimeout: approve", "human.onTimeout: needs `timeout`"],
    [`timeout: 1h, onTimeout: approve, ${formOf()}`, "with `approve` nobody fills in ring"],
    ["form: { type: string }", "must be the JSON Schema of an object with `properties`"],
    ["form: { properties: {} }", "must be the JSON Schema of an object with `properties`"],
    ["form: { properties: { by: { type: string } } }", 'has a field "by", which every answer has already'],
    ["form: { properties: { 'a b': { type: string } } }", 'has a field "a b": expected a name'],
    ["form: { required: [b], properties: { a: { type: string } } }", "requires b, which is not among"],
    ["form: { properties: { a: { type: strin } } }", "is not a usable JSON Schema: Unsupported type: strin"],
    ["timeout: soon", "expected a duration such as"],
    ["onTimeout: retry, timeout: 1h", "human.onTimeout"],
  ])("%s is refused", (keys, problem) => {
    expect(problemsOf(dag(`- { id: ask, human: { prompt: ok?, ${keys} } }`))).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  test("a default makes `onTimeout: approve` possible", () => {
    const form = "form: { required: [a], properties: { a: { type: string, default: x } } }";
    const { spec } = parseDag(
      dag(`- { id: ask, human: { prompt: ok?, timeout: 1h, onTimeout: approve, ${form} } }`),
      "f",
    );
    expect(spec.steps[0]?.work).toMatchObject({ onTimeout: "approve", fieldsOnTimeout: { a: "x" } });
  });

  test("a handler cannot wait for a person", () => {
    const text = `onFailure: [{ id: ask, human: { prompt: ok? } }]\n${dag("- { id: a, run: x }")}`;
    expect(problemsOf(text)).toEqual([expect.stringContaining("a handler cannot wait for a person")]);
  });
});

describe("time limits", () => {
  test("of the run and of the queue are kept", () => {
    const { spec } = parseDag(`timeout: 1h\n${dag("- { id: a, run: x, queueTimeout: 10m }")}`, "f");
    expect(spec).toMatchObject({ timeoutMs: 3_600_000, steps: [{ queueTimeoutMs: 600_000 }] });
  });

  test("must be durations", () => {
    expect(problemsOf(`timeout: 10\n${dag("- { id: a, run: x, queueTimeout: 0s }")}`)).toEqual([
      expect.stringContaining("f.yaml:1:1: timeout: expected string"),
      expect.stringContaining("steps[0].queueTimeout: expected a duration"),
    ]);
    expect(problemsOf(`timeout: 366d\n${dag("- { id: a, human: { prompt: x, timeout: 366d } }")}`)).toEqual([
      "f.yaml:1:1: timeout: expected at most 365d",
      "f.yaml:4:34: steps[0].human.timeout: expected at most 365d",
    ]);
  });
});

import { present } from "@haversack/base";
import { localDag } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { dag, open, problemsOf } from "../testing/dag-text.ts";
import { parseDag } from "./parse-dag.ts";
import { plannableFile } from "./plannable-dag.ts";

const local = (body: string): string => `dags:\n  build:\n${body.replaceAll(/^/gm, "    ")}\n`;
const build = local(`params:
  target: { type: string, required: true }
  level: { type: integer, default: 1 }
steps: [{ id: make, run: make, outputs: [file] }]
outputs: { file: "${open} steps.make.outputs.file }}" }`);

describe("a dag step", () => {
  test("keeps its name, its parameters with their types, and its candidates", () => {
    const { spec } = parseDag(
      dag(
        '- { id: a, dag: { use: other, params: { n: 1, list: ["${{ run.id }}", true] } } }',
        `- { id: b, dag: { use: "${open} steps.a.outputs.next }}", candidates: [x, y] }, depends: [a], timeout: 1h }`,
      ),
      "f",
    );
    expect(spec.steps.map(({ work }) => work)).toEqual([
      { kind: "dag", use: "other", params: { n: 1, list: ["${{ run.id }}", true] } },
      { kind: "dag", use: `${open} steps.a.outputs.next }}`, params: {}, candidates: ["x", "y"] },
    ]);
    expect(spec.steps[1]?.timeoutMs).toBe(3_600_000);
  });

  test("may be done for each of a list, and may name the item in its parameters", () => {
    const step = `- { id: a, foreach: [x, y], dag: { use: other, params: { host: "${open} item }}" } } }`;
    expect(parseDag(dag(step), "f").spec.steps[0]?.foreach?.over).toEqual({
      kind: "list",
      items: ["x", "y"],
    });
    expect(problemsOf(dag(step.replace("foreach: [x, y], ", "")))).toEqual([
      expect.stringContaining("steps[0].dag.params.host"),
    ]);
  });

  test("may be a handler", () => {
    const text = `${dag("- { id: a, run: x }")}onFailure: [{ id: t, dag: { use: triage, params: { why: "${open} run.error }}" } } }]`;
    expect(parseDag(text, "f").spec.handlers?.[0]?.work.kind).toBe("dag");
  });
});

describe("a local DAG", () => {
  const text = `${build}${dag(
    '- { id: a, dag: { use: build, params: { target: all, level: "3" } } }',
    `- { id: b, run: x, depends: [a], env: { F: "${open} steps.a.outputs.file }}" } }`,
  )}`;

  test("stands on its own, with those of its file", () => {
    const { spec, locals } = parseDag(text, "f");
    const own = present(localDag(spec, "build"), "the local DAG");
    expect(own).toMatchObject({ name: "build", localOf: "demo", outputs: { file: expect.any(String) } });
    expect(own.dags).toEqual(spec.dags);
    expect(locals?.get("build")?.spec).toEqual(own);
    expect(localDag(spec, "toString")).toBe(undefined);
  });

  test("is planned with the places of the file", () => {
    const planned = present(plannableFile(parseDag(text, "f.yaml")).dags?.get("build"), "the planned DAG");
    expect(planned.steps[0]).toMatchObject({ id: "make", field: "dags.build.steps[0]", line: 6 });
    expect(planned.locate?.("dags.build.steps[0].run")?.line).toBe(6);
  });

  test("has no name, no schedule and no DAGs of its own", () => {
    const body = "name: x\nschedule: '@daily'\ndags: {}\nsteps: [{ id: a, run: x }]";
    expect(problemsOf(local(body) + dag("- { id: a, run: x }"))).toEqual(
      ["name", "schedule", "dags"].map((key) =>
        expect.stringContaining(`dags.build.${key}: unknown key "${key}"`),
      ),
    );
  });

  test("is checked even if nothing calls it, at its place in the file", () => {
    const body =
      "steps:\n  - { id: a, run: x, depends: [b] }\n  - { id: c, run: x, env: { A: '${{ params.no }}' } }";
    expect(problemsOf(local(body) + dag("- { id: a, run: x }"))).toEqual([
      expect.stringMatching(/^f\.yaml:4:36: dags\.build\.steps\[0\]\.depends\[0\]: unknown step "b"/),
      expect.stringMatching(/^f\.yaml:5:\d+: dags\.build\.steps\[1\]\.env\.A: unknown parameter "no"/),
    ]);
  });
});

const refused: [name: string, text: string, ...expected: string[]][] = [
  [
    "a name that is none",
    dag("- { id: a, dag: { use: No } }"),
    "steps[0].dag.use: expected the name of a DAG",
  ],
  [
    "candidates of a name",
    dag("- { id: a, dag: { use: x, candidates: [y] } }"),
    "steps[0].dag.candidates: `candidates` are the names that an expression",
  ],
  [
    "a step that is no ancestor",
    dag(
      "- { id: a, run: x, outputs: [n] }",
      `- { id: b, dag: { use: x, params: { n: ["${open} steps.a.outputs.n }}"] } } }`,
    ),
    'steps[1].dag.params.n[0]: step "a" is not an ancestor',
  ],
  [
    "an unknown parameter and one that is not given",
    build + dag("- { id: a, dag: { use: build, params: { targte: x } } }"),
    'steps[0].dag.params.targte: the DAG "build" declares no parameter "targte"; did you mean "target"?',
    'steps[0].dag: the DAG "build" needs the parameter "target"; give it under `params`',
  ],
  [
    "a value that does not fit",
    build + dag("- { id: a, dag: { use: build, params: { target: x, level: high } } }"),
    'steps[0].dag.params.level: the parameter "level" of "build" does not fit',
  ],
  [
    "a candidate that needs more",
    build + dag(`- { id: a, dag: { use: "${open} run.id }}", candidates: [build, elsewhere] } }`),
    'the DAG "build" needs the parameter "target"',
  ],
  [
    "an output that the child does not have",
    build +
      dag(
        "- { id: a, dag: { use: build, params: { target: x } } }",
        `- { id: b, run: x, depends: [a], env: { F: "${open} steps.a.outputs.fil }}" } }`,
      ),
    'step "a" has no output "fil"; did you mean "file"?',
  ],
  [
    "what belongs to steps that a worker takes",
    dag(
      "- { id: a, dag: { use: x }, env: { A: b }, artifacts: [f], onWorkerLost: fail, retry: { limit: 1, exitCodes: [1] } }",
    ),
    "`env` does not reach a child run",
    "`artifacts` do not leave a child run",
    "`onWorkerLost` says what happens when a worker is lost",
    "`retry.exitCodes` is about commands",
  ],
  [
    "outputs of a DAG that name nobody",
    `${dag("- { id: a, run: x }")}outputs: { n: "${open} steps.b.outputs.n }}", m: "${open} steps.a.outputs.n }}" }`,
    'outputs.n: unknown step "b"',
    'outputs.m: step "a" has no output "n"',
  ],
];

describe("what is wrong is named with its place", () => {
  test.each(refused)("%s", (_name, text, ...expected) => {
    expect(problemsOf(text)).toEqual(expected.map((each) => expect.stringContaining(each)));
  });
});

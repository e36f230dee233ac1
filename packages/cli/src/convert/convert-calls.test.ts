import { readPlannableDag } from "@haversack/coordinator";
import { parseYaml } from "@haversack/snapshot";
import { describe, expect, test } from "vitest";
import { convertDagu } from "./convert.ts";

const lossesOf = (text: string): string[] =>
  convertDagu(text, "f.yaml").losses.map(
    ({ line, column, field, message }) => `${line}:${column}: ${field}: ${message}`,
  );

type Step = Readonly<Record<string, unknown>>;

/** Checked as a coordinator would. */
function stepsOf(text: string): readonly Step[] {
  const { dag, losses } = convertDagu(text, "f.yaml");
  expect(losses).toEqual([]);
  readPlannableDag(dag, "f.yaml");
  return (parseYaml(dag).value as { steps: Step[] }).steps;
}

const child = "---\nname: child\nparams: { A: a, B: b }\nsteps: [echo]\n";
const graph = (steps: string) => `type: graph\nsteps:\n${steps}${child}`;

describe("a call", () => {
  test.each<[string, unknown]>([
    ["call: child", { use: "child" }],
    ["call: child, params: one two", { use: "child", params: { A: "one", B: "two" } }],
    ["call: child, params: { B: 2 }", { use: "child", params: { B: "2" } }],
    ["call: child, params: [B=x, { A: y }]", { use: "child", params: { B: "x", A: "y" } }],
    ["run: child", { use: "child" }],
    ["run: elsewhere, params: one", { use: "elsewhere", params: { P1: "one" } }],
    ["run: ../common/Else_Where.yaml", { use: "else-where" }],
    ["type: dag, call: child", { use: "child" }],
    ["executor: { type: dag }, call: child", { use: "child" }],
    ["action: dag.run, with: { dag: child, params: { A: x } }", { use: "child", params: { A: "x" } }],
  ])("%s", (keys, dag) => {
    expect(stepsOf(graph(`  - { name: a, ${keys} }\n`))[0]).toEqual({ id: "a", dag });
  });

  test("a command that newer files have under `run` stays one", () => {
    expect(stepsOf("steps:\n  - run: echo hello\n  - run: [echo, ls]\n")).toMatchObject([
      { run: "echo hello" },
      { run: "echo\nls" },
    ]);
  });

  test("a name that only a variable knows", () => {
    const [step] = stepsOf("params: { WHICH: child }\nsteps:\n  - call: ${WHICH}\n");
    expect(step?.["dag"]).toEqual({ use: "${{ params.WHICH }}" });
  });

  test("its variables are the step's own, those of the DAG, and what came before", () => {
    const text = graph(
      "  - { name: a, command: date, output: NOW }\n" +
        "  - { name: b, depends: a, call: child, env: { X: 'x of ${NOW}' }, params: 'A=${X} B=${DAG_NAME}' }\n",
    );
    expect(stepsOf(`env: { Y: y }\n${text}`)[1]).toMatchObject({
      dag: { params: { A: "x of ${{ steps.a.outputs.NOW }}", B: "${{ run.dag }}" } },
    });
  });

  test("scoped names", () => {
    const [step] = stepsOf(
      "params: { A: a }\nenv: { B: b }\nsteps:\n  - { command: 'echo ${params.A} ${env.B}', name: a }\n",
    );
    expect(step?.["run"]).toBe("echo ${A} ${B}");
  });
});

describe("what a call cannot say is told with its place", () => {
  test.each<[string, string]>([
    ["call: child, params: { C: 1 }", '3:39: steps[0].params.C: the DAG "child" declares no parameter "C"'],
    ["call: child, params: one two three", 'declares no parameter "P3"'],
    ["call: child, params: A=`date`", "Dagu runs a command for this value"],
    ["call: child, params: A=$HOSTNAME", "$HOSTNAME comes from the environment of Dagu's server"],
    [
      "call: child, workerSelector: { gpu: true }",
      "steps[0].workerSelector: belongs to the steps of the DAG",
    ],
    ["call: child, dir: /tmp", "steps[0].dir: belongs to the steps of the DAG"],
    ["call: child, retryPolicy: { limit: 1, exitCode: [2] }", "a child run has no exit code"],
    ["call: { a: 1 }", "steps[0].call: expected the name of a DAG"],
    ["type: dag, command: x", "steps[0].type: expected `call`"],
    ["run: deploy", "steps[0].run: a DAG for older versions of Dagu, a command for newer ones"],
    ["action: dag.enqueue, with: { dag: child }, command: x", 'there is no action "dag.enqueue"'],
    ["action: dag.run", "expected `dag` with the name of a DAG"],
    ["call: child, parallel: { items: [a], maxConcurrent: 0 }", "maxConcurrent: expected a number from 1"],
    ["call: child, parallel: { maxConcurrent: 2 }", "steps[0].parallel: expected `items`"],
    ["call: child, parallel: [{ A: [1] }]", "steps[0].parallel[0]: expected text, a number"],
    ["call: child, parallel: [{ A: a }, { B: b }]", "the items give different parameters"],
    ["call: child, parallel: [C=1 D=2]", 'declares no parameter "C"'],
    [
      "call: child, parallel: $WORDS, params: 'A=${ITEM}'",
      "the default of WORDS must be a list in JSON here",
    ],
    ["call: child, parallel: $LIST", "what each item gives is not known before the run"],
    ["call: child, parallel: 'x ${LIST}', params: 'A=${ITEM}'", "expected a list, or one variable"],
    ["call: child, params: 'A=${ITEM}'", "${ITEM} comes from the environment"],
  ])("%s", (keys, message) => {
    const params = "params: { WORDS: a b, LIST: '[]' }\n";
    const text = `${params}steps:\n  - { name: a, ${keys} }\n${child}`;
    expect(lossesOf(text)).toContainEqual(expect.stringContaining(message));
  });

  test("the JSON that Dagu makes of what a child run gave", () => {
    const text = (call: string, use: string) =>
      lossesOf(
        graph(`  - { name: a, ${call}, output: R }\n  - { name: b, depends: a, command: '${use}' }\n`),
      );
    expect(text("call: child", 'echo "$R" | jq .')).toEqual([
      expect.stringContaining('steps[1]: $R is JSON of Dagu about the child run; here the step "a" has'),
    ]);
    expect(text("call: child, parallel: [x]", "echo ${R.outputs.X}")).toEqual([
      expect.stringContaining("each a list in the order of the items: take each by `env`"),
    ]);
    expect(text("call: child", "echo ${a.stdout}")).toEqual([
      expect.stringContaining("${a.stdout} looks into"),
    ]);
  });

  test.each<[string, string]>([
    ["call: child, parallel: [x]", "handlerOn.exit: a handler has no items"],
    ["command: x, approval: { prompt: y }", "handlerOn.exit: a handler cannot ask a person"],
    ["type: hitl", "handlerOn.exit: a handler cannot ask a person"],
  ])("a handler: %s", (keys, message) => {
    expect(lossesOf(`handlerOn: { exit: { ${keys} } }\nsteps: [x]\n${child}`)).toContainEqual(
      expect.stringContaining(message),
    );
  });
});

describe("an approval", () => {
  test("who waited for the step waits for its approval, in a chain and by name", () => {
    const approved = "{ name: a, command: x, approval: { prompt: Well? } }";
    const chain = stepsOf(`steps:\n  - ${approved}\n  - echo\n`);
    const named = stepsOf(`type: graph\nsteps:\n  - ${approved}\n  - { name: b, command: y, depends: a }\n`);
    expect(chain.map(({ id, depends }) => [id, depends])).toEqual([
      ["a", undefined],
      ["a-approval", ["a"]],
      ["step-2", ["a-approval"]],
    ]);
    expect(named[2]?.["depends"]).toEqual(["a-approval"]);
  });

  test("a child run may be approved, too", () => {
    const steps = stepsOf(graph("  - { name: a, call: child, approval: {} }\n"));
    expect(steps).toMatchObject([{ dag: { use: "child" } }, { human: { prompt: "Go on after a?" } }]);
  });

  test("behind a step that may be skipped with `continueOn: skipped` nothing else is skipped", () => {
    const steps = stepsOf(
      "params: { A: a }\nsteps:\n  - { name: a, command: x, continueOn: skipped, preconditions: [{ condition: $A, expected: a }], approval: {} }\n  - echo\n",
    );
    expect(steps.map((step) => step["if"])).toEqual([
      "params.A == 'a'",
      "steps.a.status != 'skipped'",
      undefined,
    ]);
  });

  test.each<[string, string]>([
    [
      "type: hitl, config: { prompt: x, input: [decision] }",
      '"decision" cannot be the name of a field: which every',
    ],
    ["type: hitl, config: { prompt: x, input: [a b] }", 'steps[0].config.input: "a b" cannot be the name'],
    ["type: hitl, config: { prompt: x, rewindTo: b }", "steps[0].config.rewindTo: a rejection ends the step"],
    ["type: hitl, timeoutSec: 60", "steps[0].timeoutSec: belongs to a step that a worker runs"],
    ["type: hitl, command: x", "steps[0].command: belongs to a step that a worker runs"],
    ["action: human.task, with: { prompt: x, form: text }", "steps[0].with.form: expected the JSON Schema"],
    ["command: x, approval: { prompt: $HOSTNAME }", "steps[0].approval.prompt: $HOSTNAME comes from"],
    ["command: x, approval: { people: 2 }", "steps[0].approval.people: `people` is no key"],
  ])("%s", (keys, message) => {
    expect(lossesOf(`steps:\n  - { name: a, ${keys} }\n`)).toContainEqual(expect.stringContaining(message));
  });
});

describe("further documents", () => {
  test("their losses have the lines of the file", () => {
    const text =
      "steps: [x]\n---\nname: child\ndelaySec: 3\nschedule: 0 1 * * *\ndotenv: .env\nmaxActiveRuns: 1\nsteps: [y]\n";
    expect(lossesOf(text)).toEqual([
      expect.stringContaining("4:1: delaySec: steps start as soon"),
      expect.stringContaining("5:1: schedule: belongs to the first DAG"),
      expect.stringContaining("6:1: dotenv: a DAG under `dags` has no dotenv files"),
      expect.stringContaining("7:1: maxActiveRuns: runs of a DAG under `dags` are not counted"),
    ]);
  });

  test("two of one name", () => {
    expect(lossesOf(`steps: [x]\n${child}${child}`)).toEqual([
      expect.stringContaining("7:1: name: there is another DAG that is called child here"),
    ]);
  });

  test("they call each other, and their problems are those of the file", () => {
    const text =
      "steps: [{ call: a }]\n---\nname: a\nsteps: [{ call: b, name: x }]\n---\nname: b\nsteps: [{ call: a }]\n";
    expect(stepsOf(text)).toMatchObject([{ dag: { use: "a" } }]);
    expect(() => convertDagu("steps: [x]\n---\nname: a: b\n", "f.yaml")).toThrow(/f\.yaml:3:8/);
  });

  test("marks of documents, and lines that only look like some", () => {
    const text =
      "# first\n---\nsteps:\n  - script: |\n      cat <<E\n      ---\n      E\n...\n--- # the child\nname: child\nsteps: [y]\n---\n# nothing\n";
    expect(stepsOf(text)).toMatchObject([{ run: "cat <<E\n---\nE\n" }]);
    expect(convertDagu(text, "f.yaml").dag).toContain("dags:\n  child:\n    steps:\n");
  });
});

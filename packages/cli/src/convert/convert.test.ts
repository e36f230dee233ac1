import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readPlannableDag } from "@haversack/coordinator";
import { ProblemsError } from "@haversack/protocol";
import { parseYaml } from "@haversack/snapshot";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { convertDagu } from "./convert.ts";

const files = join(import.meta.dirname, "testdata");
const names = readdirSync(files).filter((name) => name.endsWith(".yaml"));

/** As people read them. */
const lossesOf = (text: string): string[] =>
  convertDagu(text, "f.yaml").losses.map(
    ({ line, column, field, message }) => `${line}:${column}: ${field}: ${message}`,
  );

interface Step {
  readonly id: string;
  readonly run: string;
  readonly [key: string]: unknown;
}

function convert(text: string): { steps: Step[]; [key: string]: unknown } {
  const { dag, losses } = convertDagu(text, "f.yaml");
  expect(losses).toEqual([]);
  readPlannableDag(dag, "f.yaml");
  return parseYaml(dag).value as { steps: Step[] };
}

test("there are files to convert", () => {
  expect(names.length).toBeGreaterThanOrEqual(12);
});

/** To accept what is written now: `vitest run packages/cli/src/convert -u`. */
test.each(names)("%s becomes a DAG that a coordinator takes", async (name) => {
  const { dag, losses } = convertDagu(readFileSync(join(files, name), "utf8"), name);
  expect(losses).toEqual([]);
  expect(readPlannableDag(dag, name).steps.length).toBeGreaterThan(0);
  await expect(dag).toMatchFileSnapshot(join(files, "converted", name.replace(".yaml", ".txt")));
});

test("secrets of Dagu's server become those of the worker", () => {
  const given = [
    "{ name: TOKEN, provider: env, key: GITHUB_TOKEN }",
    "{ name: KEY, provider: file, key: /run/secrets/key }",
  ];
  const { secrets } = convert(`secrets:\n${given.map((each) => `  - ${each}\n`).join("")}steps: [echo hi]\n`);
  expect(secrets).toEqual({ TOKEN: { env: "GITHUB_TOKEN" }, KEY: { file: "/run/secrets/key" } });
});

describe("what has no counterpart is told with its place and what to do", () => {
  const step = (rest: string) => `steps:\n  - name: a\n    command: x\n    ${rest}\n`;
  test.each<[string, string]>([
    ["schedule: { start: 0 8 * * *, stop: 0 20 * * * }\n", "1:31: schedule.stop: no schedule stops a run"],
    [
      'schedule: [{ kind: at, at: "2026-01-31T06:00:00Z" }]\n',
      "1:12: schedule[0]: only cron texts start a run",
    ],
    ["mailOn: { failure: true }\n", "1:1: mailOn: there is no mail from Haversack"],
    ["smtp: { host: h }\nerrorMail: { to: x }\n", "2:1: errorMail: there is no mail"],
    ["timeoutSec: soon\n", "1:1: timeoutSec: expected whole seconds"],
    ["max_active_steps: 1\n", "1:1: max_active_steps: the steps of a run are not counted"],
    ["maxActiveRuns: many\n", "1:1: maxActiveRuns: expected a number of runs"],
    ["delaySec: 3\n", "1:1: delaySec: steps start as soon as they can"],
    ["queue: ${QUEUE}\n", "1:1: queue: expected the name of a queue"],
    ["container: { image: alpine }\n", "1:1: container: steps run on a worker without a container"],
    [
      "secrets: [{ name: A, provider: vault, key: kv/a }]\n",
      "1:11: secrets[0]: the worker reads variables and files of its own host only; keep the value with",
    ],
    ["secrets: [{ name: A, provider: file, key: a.txt }]\n", "1:11: secrets[0]: the worker reads"],
    ["secrets: [A]\n", "1:11: secrets[0]: expected a name, a provider and a key"],
    ["wrokingDir: /x\n", "1:1: wrokingDir: `wrokingDir` is no key that this command knows"],
    ["dotenv: ../.env\n", '1:1: dotenv: the path "../.env" has the segment'],
    ["tags: [has space]\n", "1:8: tags[0]: the tag"],
    ["env:\n  - NOW: `date`\n", "2:5: env[0].NOW: Dagu runs a command for this value"],
    ["env: { HOST: $HOSTNAME }\n", "1:8: env.HOST: $HOSTNAME comes from the environment of Dagu's server"],
    ["env: { LD_PRELOAD: x.so }\n", "1:8: env.LD_PRELOAD: LD_PRELOAD is reserved"],
    ["env: { LOGS: [a] }\n", "1:8: env.LOGS: expected text, a number or a boolean"],
    ["params: { A: `date` }\n", "1:11: params.A: Dagu runs a command"],
    ["params: [{ name: A, eval: date }]\n", "1:21: params[0].eval: a default is a value"],
    ["params: { schema: ./params.json }\n", "1:1: params: parameters by a schema of their own"],
    ["params: { _x: 1 }\n", '1:11: params._x: "_x" cannot be the name of a parameter'],
    ["workingDir: ./data\n", "1:1: workingDir: a folder beside the DAG file"],
    ["handlerOn: { init: { command: x } }\n", "1:14: handlerOn.init: write it as a first step"],
    [
      "preconditions: [{ condition: $DAY, expected: 're:0[1-9]' }]\n",
      "1:1: preconditions: expected a command",
    ],
  ])("%s", (root, message) => {
    const told = lossesOf(`${root.replace(/: `([^`]*)`/, ': "`$1`"')}${step("")}`);
    expect(told).toContainEqual(expect.stringContaining(message));
  });

  test.each<[string, string]>([
    ["repeatPolicy: { repeat: true, intervalSec: 5 }", "4:5: steps[0].repeatPolicy: a step runs once"],
    ["mailOnError: true", "4:5: steps[0].mailOnError: there is no mail"],
    ["signalOnStop: SIGINT", "4:5: steps[0].signalOnStop: a step that is cancelled gets SIGTERM"],
    ["stdout: /tmp/out", "4:5: steps[0].stdout: logs are kept by the coordinator"],
    ["executor: docker", '4:5: steps[0].executor: there is no executor "docker": steps run on a worker'],
    ["executor: { type: http, config: {} }", "call curl in the command"],
    ["type: jq", '4:5: steps[0].type: there is no executor "jq"'],
    ["container: { image: alpine }", "4:5: steps[0].container: steps run on a worker without a container"],
    ["parallel: [1, 2]", "4:5: steps[0].parallel: belongs to a step that calls a DAG"],
    [
      "continueOn: { exitCode: [3] }",
      "4:19: steps[0].continueOn.exitCode: an exit code that counts as success",
    ],
    ["retryPolicy: { limit: $N }", "4:20: steps[0].retryPolicy.limit: expected a number of tries"],
    ["timeoutSec: soon", "4:5: steps[0].timeoutSec: expected whole seconds"],
    [
      "output: { name: A, schema: { type: object } }",
      "steps[0].output.schema: the output of a command is text",
    ],
    ["depends: [b]", 'steps[0].depends: the step "a" depends on "b", which is no step'],
    ["dir: data", "4:5: steps[0].dir: a folder beside the DAG file"],
    ["shell: nix-shell", "4:5: steps[0].shell: nix-shell is not started"],
    ["script: cat ${b.stdout}", "steps[0]: ${b.stdout} looks into a step or an output"],
    ["script: cat $DAG_RUN_LOG_FILE", "steps[0]: $DAG_RUN_LOG_FILE is set by Dagu"],
    ["script: echo $" + "{{ x }}", "contains ${{, which would be an expression here"],
  ])("%s", (rest, message) => {
    expect(lossesOf(step(rest))).toContainEqual(expect.stringContaining(message));
  });

  test("a step that does nothing, no steps at all", () => {
    expect(lossesOf("steps:\n  - name: a\n")).toEqual([expect.stringContaining("a step without a command")]);
    expect(lossesOf("name: a\n")).toEqual([expect.stringContaining("steps: expected at least one step")]);
  });

  test("an output of a step that does not run before", () => {
    const text =
      "type: graph\nsteps:\n  - { name: a, command: x, output: OUT }\n  - { name: b, command: echo $OUT }\n";
    expect(lossesOf(text)).toEqual([expect.stringContaining('4:5: steps[1]: $OUT is the output of "a"')]);
  });
});

test.each([
  ["no YAML", "a: b: c"],
  ["a list", "- a"],
  ["nothing", ""],
  ["a further DAG without a name", "steps: [x]\n---\nsteps: [y]\n"],
  [
    "steps that wait for each other",
    "type: graph\nsteps:\n  - {name: a, command: x, depends: b}\n  - {name: b, command: x, depends: a}\n",
  ],
])("%s is refused", (_, text) => {
  expect(() => convertDagu(text, "f.yaml")).toThrow(expect.objectContaining({ fault: "invalid" }));
  if (_ === "a list") expect(() => convertDagu(text, "f.yaml")).toThrow(ProblemsError);
});

describe("what a step runs", () => {
  const outputOf = async (step: Step, env: Record<string, string> = {}): Promise<Record<string, string>> => {
    await using folder = await tempFolder();
    const outputs = join(folder.path, "outputs");
    const shell = (step["shell"] as string[] | undefined) ?? ["bash", "-euo", "pipefail"];
    const [program = "", ...options] = shell;
    const stdout = execFileSync(program, [...options, "-c", step.run], {
      cwd: folder.path,
      env: { ...process.env, ...env, HAVERSACK_OUTPUT: outputs },
      encoding: "utf8",
    });
    return { stdout, outputs: readFileSync(outputs, { encoding: "utf8", flag: "a+" }) };
  };

  test("its standard output is an output, in however many lines, and still in the log", async () => {
    const { steps } = convert("steps:\n  - { command: 'printf \"a\\nb\\n\"', output: OUT }\n");
    const [step] = steps;
    expect(await outputOf(step as Step)).toEqual({
      stdout: "a\nb\n",
      outputs: "OUT<<END_OF_OUT\na\nb\nEND_OF_OUT\n",
    });
  });

  test("a failure within is a failure of the step", async () => {
    const { steps } = convert('steps:\n  - { script: "false\\necho after", output: OUT }\n');
    await expect(outputOf(steps[0] as Step)).rejects.toThrow("Command failed");
  });

  test("a script of another program, with an output and a folder", async () => {
    const { steps } = convert(
      "steps:\n  - { command: node, dir: /tmp, output: OUT, script: 'console.log(1 + 1)' }\n",
    );
    expect(await outputOf(steps[0] as Step)).toMatchObject({ stdout: "2\n" });
  });

  test("parameters by their place", async () => {
    const { steps } = convert("params: one two\nsteps:\n  - { command: 'echo $2 $1' }\n");
    expect(await outputOf(steps[0] as Step, { P1: "one", P2: "two" })).toMatchObject({ stdout: "two one\n" });
  });

  test.each([
    ["test -d /", "yes"],
    ["test -f /no/such", "no"],
    ['{ condition: "`echo 1`", expected: "1" }', "yes"],
    ['{ condition: "$UNSET", expected: "1" }', "no"],
    ['{ condition: "`echo 1`", expected: "1", negate: true }', "no"],
  ])("the precondition %s is %s", async (condition, met) => {
    const { steps } = convert(`steps:\n  - { command: x, preconditions: [${condition}] }\n`);
    expect(steps[1]?.["if"]).toBe("steps.step-1-precondition.outputs.met == 'yes'");
    expect(await outputOf(steps[0] as Step)).toMatchObject({ outputs: `met=${met}\n` });
  });
});

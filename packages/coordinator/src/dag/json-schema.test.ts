import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseYaml } from "@haversack/snapshot";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { dag, head, open, problemsOf } from "../testing/dag-text.ts";
import { publishedSchema } from "../testing/published-schema.ts";
import { agentTexts, keyTexts, partTexts } from "./dag-texts.ts";
import { dagJsonSchema, dagSchemaNode, type SchemaNode } from "./json-schema.ts";

const examples = join(import.meta.dirname, "../../../../examples/dags");
const validator = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
const validate = validator.compile(JSON.parse(dagJsonSchema()) as object);

/** What an editor says of a text; empty: nothing. */
function saidOf(text: string): string {
  const isGood = validate(JSON.parse(JSON.stringify(parseYaml(text).value)));
  return isGood ? "" : validator.errorsText(validate.errors);
}

test("the file in the repository is current (`npm run schema:generate` writes it)", async () => {
  expect(await readFile(publishedSchema, "utf8")).toBe(dagJsonSchema());
});

test("every key has a text, and every text a key", () => {
  const schema = dagSchemaNode();
  const agent = ["agent", "agentDefaults"].flatMap((part) =>
    Object.keys(agentTexts).map((key) => `${part}.${key}`),
  );
  const parts = Object.entries(schema.definitions ?? {});
  const keys = [...keysOf(schema, ""), ...parts.flatMap(([part, node]) => keysOf(node, `${part}.`))];
  expect(keys.toSorted()).toEqual([...Object.keys(keyTexts), ...agent].toSorted());
  expect(parts.map(([part]) => part)).toEqual(Object.keys(partTexts).toSorted());
  const all = [schema, ...parts.map(([, node]) => node)];
  expect(all.flatMap(nodesWithoutText)).toEqual([]);
});

function keysOf(node: SchemaNode, prefix: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, property]) => [
    `${prefix}${key}`,
    ...keysOf(property, `${prefix}${key}.`),
  ]);
}

const nodesWithoutText = (node: SchemaNode): string[] =>
  Object.entries(node.properties ?? {}).flatMap(([key, property]) => [
    ...((property.description ?? "") === "" ? [key] : []),
    ...nodesWithoutText(property),
  ]);

test("every example is valid and says where its schema is", async () => {
  const files = (await readdir(examples)).filter((file) => file.endsWith(".yaml"));
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) {
    const text = await readFile(join(examples, file), "utf8");
    const [modeline] = text.split("\n");
    expect({ file, modeline, said: saidOf(text) }).toEqual({
      file,
      modeline: "# yaml-language-server: $schema=../../schemas/dag.schema.json",
      said: "",
    });
  }
});

const agentStep = (rest: string) => dag(`- { id: a, agent: { prompt: p, ${rest} } }`);
const command = (rest: string) => dag(`- { id: a, run: x, ${rest} }`);
const root = (line: string) => `${line}\n${dag("- { id: a, run: x }")}`;

describe("what a coordinator takes, the schema takes", () => {
  test.each<[string]>([
    [dag("- { id: a, run: x }")],
    [root("description: d\nenv: { A: 1, B: true, C: text, D: 2024-01-01 }")],
    [root("schedule: 30 2 * * *")],
    [
      root(
        'schedule: ["@daily", { cron: 0 5 * * 1, timezone: Europe/Berlin, catchUp: all, overlap: queue }]',
      ),
    ],
    [root("params: { n: { type: integer, default: 3, minimum: 1 }, p: { type: string, format: path } }")],
    [root("params: { e: { type: string, enum: [a, b], required: true, description: which } }")],
    [root("defaults: { timeout: 1h30m, retry: { limit: 2 }, worker: { os: linux }, agent: { model: m } }")],
    [root("onExit: [{ id: z, run: y, if: run.status == 'failed' }]")],
    [command("if: false, continueOnError: true, timeout: 90s, onWorkerLost: fail")],
    [
      command(
        "retry: { limit: 3, backoff: exponential, delay: 1s, maxDelay: 1m, jitter: 0.5, exitCodes: [1] }",
      ),
    ],
    [command("shell: [python3], workdir: sub, outputs: [n], artifacts: [out/**], env: { A: 1 }")],
    [
      dag(
        "- { id: a, run: x }",
        `- { id: b, run: y, depends: [a], if: "${open} always() }}", inputs: ["*"] }`,
      ),
    ],
    [command("foreach: [1, { a: b }], maxParallel: 3, failFast: false")],
    [
      command(`foreach: "${open} fromJson(params.x) }}"`).replace(
        "name: demo",
        "params: { x: { type: string } }\nname: demo",
      ),
    ],
    [command("matrix: { os: [linux, mac], include: [{ os: linux, fast: true }] }")],
    [agentStep("use: analyst, model: [a, b], skills: [s], tools: [read], network: [example.org]")],
    [agentStep("limits: { maxTurns: 3 }, permissions: { deny: [bash], default: ask }, sandbox: none")],
    [root("timeout: 1h")],
    [command("queueTimeout: 10m")],
    [
      dag(
        "- { id: a, if: always(), human: { prompt: p, approvers: [ops], timeout: 3d, onTimeout: reject } }",
      ),
    ],
    [dag("- { id: a, human: { prompt: p, form: { required: [n], properties: { n: { type: integer } } } } }")],
    [agentStep("memory: { read: [dag], write: { dag: append } }, output: { type: object }")],
  ])("%s", (text) => {
    expect(problemsOf(text)).toEqual([]);
    expect(saidOf(text)).toBe("");
  });
});

describe("what it refuses, a coordinator refuses", () => {
  test.each<[string]>([
    ["name: demo\n"],
    ["steps: [{ id: a, run: x }]\n"],
    ["name: demo\nsteps: []\n"],
    [`name: Demo App\n${head.slice(head.indexOf("steps"))}  - { id: a, run: x }\n`],
    [root("unknown: 1")],
    [root("env: [A]")],
    [root("env: { 1A: x }")],
    [root("env: { A: { b: c } }")],
    [root("schedule: []")],
    [root("schedule: { timezone: UTC }")],
    [root("schedule: { cron: 0 5 * * 1, catchup: all }")],
    [root("params: { n: 3 }")],
    [root("params: { n: { type: text } }")],
    [root("params: { n-m: { type: string } }")],
    [root("defaults: { timeout: soon }")],
    [root("onExit: [{ id: z, run: y, depends: [a] }]")],
    [root("onFailure: [{ id: z, run: y, continueOnError: true }]")],
    [dag("- { run: x }")],
    [dag("- { id: a }")],
    [dag("- { id: 1a, run: x }")],
    [dag("- { id: a, run: x, agent: { prompt: p } }")],
    [dag("- { id: a, script: x }")],
    [command("timeout: 90")],
    [root("timeout: 10")],
    [command("queueTimeout: soon")],
    [root("onExit: [{ id: z, human: { prompt: p } }]")],
    [dag("- { id: a, human: { prompt: p }, env: { A: 1 } }")],
    [dag("- { id: a, human: { prompt: p }, timeout: 1h }")],
    [dag("- { id: a, human: { prompt: p }, run: x }")],
    [dag("- { id: a, human: { form: {} } }")],
    [dag("- { id: a, human: { prompt: p, timeout: 1h, onTimeout: retry } }")],
    [command("depends: b")],
    [command("retry: { limit: -1 }")],
    [command("retry: { limits: 1 }")],
    [command("retry: { limit: 1, exitCodes: [] }")],
    [command("retry: { limit: 1, exitCodes: [256] }")],
    [command("continueOnError: yes please")],
    [command("onWorkerLost: cry")],
    [command("shell: bash")],
    [command("foreach: 3")],
    [command("matrix: [a]")],
    [command("foreach: [1], maxParallel: 0")],
    [command("outputs: [1a]")],
    [
      agentStep("shell: [bash]")
        .replace("prompt: p, shell: [bash]", "prompt: p")
        .replace(" } }", " }, shell: [b] }"),
    ],
    [agentStep("use: Not An Id")],
    [agentStep("skills: [a, a]")],
    [agentStep("limits: { maxTurns: 0 }")],
    [agentStep("engine: other")],
    [agentStep("permissions: { default: maybe }")],
    [agentStep("memory: { read: [all] }")],
    [dag("- { id: a, agent: { use: analyst } }")],
  ])("%s", (text) => {
    expect(saidOf(text)).not.toBe("");
    expect(problemsOf(text).length).toBeGreaterThan(0);
  });
});

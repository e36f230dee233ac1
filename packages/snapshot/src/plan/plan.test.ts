import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { buildPin } from "../build/builder.ts";
import { digestName } from "../format/digest.ts";
import type { Library } from "../library/library.ts";
import { readLibrary } from "../library/read-library.ts";
import { writeLibrary } from "../testing/write-library.ts";
import { planSnapshots } from "./plan.ts";
import type { PlannableDag, PlannableStep, PlanOptions } from "./plannable.ts";
import { problemText } from "./problem.ts";
import type { AgentSettings } from "./settings.ts";

let temp: Awaited<ReturnType<typeof tempFolder>>;
let library: Library;
beforeAll(async () => {
  temp = await tempFolder();
  await writeLibrary(temp.path);
  library = await readLibrary(temp.path, { label: "agents" });
});
afterAll(() => temp[Symbol.asyncDispose]());

const agent = (id: string, settings: AgentSettings = { use: "writer" }): PlannableStep => ({
  id,
  kind: "agent",
  field: `steps[${id}]`,
  line: 7,
  agent: settings,
});
const child = (
  id: string,
  use: string,
  more: { dynamic?: boolean; candidates?: string[] } = {},
): PlannableStep => ({
  id,
  kind: "dag",
  field: `steps[${id}]`,
  line: 9,
  dag: { use, dynamic: false, ...more },
});
const dag = (name: string, steps: PlannableStep[], more: Partial<PlannableDag> = {}): PlannableDag => ({
  name,
  file: `${name}.yaml`,
  steps,
  ...more,
});
const plan = (input: PlannableDag, options?: PlanOptions) => planSnapshots(input, library, options);
const planOne = async (settings: AgentSettings, options?: PlanOptions, more: Partial<PlannableDag> = {}) => {
  const outcome = await plan(dag("nightly", [agent("notes", settings)], more), options);
  return {
    problems: outcome.problems.map(problemText),
    plan: outcome.plans.get("notes"),
    config: outcome.plans.get("notes")?.config,
  };
};

describe("what a step gets", () => {
  test("only what it may use, and why", async () => {
    const { plan, config } = await planOne({ use: "writer" });
    expect(plan?.models.map(({ id }) => id)).toEqual(["main", "local"]);
    expect(plan?.skills.map(({ name }) => name)).toEqual(["release-notes"]);
    expect(plan?.souls.map(({ id }) => id)).toEqual(["engineer"]);
    expect(config?.mcpServers.map(({ name }) => name)).toEqual(["github"]);
    expect(config?.effects).toEqual({ mcp__github__list: "read" });
    expect(config?.permissions).toEqual({
      deny: ["bash(rm *)", "bash(sudo *)"],
      ask: [],
      allow: ["read(**)", "bash(git *)", "mcp__github__*"],
      default: "deny",
    });
    expect(config?.memory).toEqual({
      read: ["dag", "global"],
      write: { dag: "append", global: "propose" },
      dag: "nightly",
    });
    expect(config?.limits).toEqual({
      maxTurns: 40,
      maxTokens: 400_000,
      maxCostUsd: 20,
      maxToolOutputBytes: 65_536,
    });
    expect(plan?.included.map(({ section, id, why }) => `${section}/${id}: ${why}`)).toEqual([
      "config/writer: step notes",
      "models/main: config.yaml",
      "models/local: config.yaml",
      "skills/release-notes: profile writer",
      "souls/engineer: config.yaml",
      "mcpServers/github: profile writer",
      "memory/dags/nightly: profile writer",
      "memory/global: profile writer",
    ]);
  });

  test("nothing of the default model when it names its own", async () => {
    const { plan, config } = await planOne({ use: "plain" });
    expect(plan?.models.map(({ id }) => id)).toEqual(["local"]);
    expect(plan?.skills).toEqual([]);
    expect(config?.permissions).toEqual({ deny: [], ask: [], allow: ["read(**)"], default: "deny" });
    expect(config?.memory).toEqual({ read: [], write: { dag: "none", global: "none" }, dag: null });
    expect(config?.effects).toEqual({});
  });

  test("the built-in values where nobody says anything", async () => {
    const empty = await readLibrary(`${temp.path}/nothing`);
    const bare = { ...empty, models: library.models };
    const { plans } = await planSnapshots(dag("d", [agent("a", { model: "main" })]), bare);
    expect(plans.get("a")?.config).toMatchObject({
      profile: null,
      instructions: "",
      soul: null,
      tools: ["bash", "edit", "glob", "grep", "output", "read", "skill", "todo", "write"],
      limits: { maxTurns: 50, maxTokens: 400_000, maxCostUsd: null, maxToolOutputBytes: 65_536 },
      permissions: { deny: [], ask: [], allow: ["read(**)", "write(**)", "edit(**)"], default: "deny" },
      onAsk: "suspend",
      onUnknownEffect: "ask",
      sandbox: "auto",
      network: [],
    });
  });

  test("step before profile before defaults.agent before config.yaml; limits by key; deny from all", async () => {
    const defaultsAgent: AgentSettings = {
      soul: "poet",
      model: "unused",
      onAsk: "fail",
      limits: { maxTokens: 7 },
      permissions: { deny: ["read(x)"] },
    };
    const { config, plan } = await planOne(
      { use: "plain", limits: { maxTurns: 3 }, permissions: { deny: ["read(y)"] } },
      {},
      { defaultsAgent },
    );
    expect(config).toMatchObject({
      modelChain: ["local"],
      soul: "poet",
      onAsk: "fail",
      limits: { maxTurns: 3, maxTokens: 7 },
    });
    expect(config?.permissions.deny).toEqual(["read(y)", "read(x)"]);
    expect(plan?.included).toContainEqual({ section: "souls", id: "poet", why: "defaults.agent" });
  });

  test("the operator's model in the place of config.yaml's, not of a profile's", async () => {
    expect((await planOne({ use: "writer" }, { defaultModel: "unused" })).config?.modelChain).toEqual([
      "unused",
    ]);
    expect(
      (await planOne({ use: "writer" }, { defaultModel: ["local", "unused"] })).config?.modelChain,
    ).toEqual(["local", "unused"]);
    expect((await planOne({ use: "plain" }, { defaultModel: "unused" })).config?.modelChain).toEqual([
      "local",
    ]);
    expect((await planOne({ use: "writer" }, { defaultModel: "nope" })).problems).toEqual([
      'the operator\'s model: model: unknown_model: the library has no model "nope" (named by the operator)',
    ]);
  });

  test("a deploy step with an agent is planned, with memory that is read-only", async () => {
    const deploy: PlannableStep = {
      id: "up",
      kind: "deploy",
      field: "steps[0]",
      line: 3,
      agent: { use: "writer" },
    };
    const bare: PlannableStep = { id: "bare", kind: "deploy", field: "steps[1]", line: 4 };
    const { plans } = await plan(dag("nightly", [deploy, bare]));
    expect([...plans.keys()]).toEqual(["up"]);
    expect(plans.get("up")?.config.memory).toMatchObject({
      read: ["dag", "global"],
      write: { dag: "none", global: "none" },
    });
    const missing = await plan(dag("d", [{ ...deploy, agent: { use: "riter" } }]));
    expect(missing.problems[0]).toMatchObject({ field: "steps[0].deploy.agent", code: "unknown_profile" });
  });

  test("the same pack, whoever plans", async () => {
    const first = (await planOne({ use: "writer" })).plan;
    const second = (
      await plan(dag("nightly", [agent("other", { use: "writer" })], { file: "elsewhere.yaml" }))
    ).plans.get("other");
    expect(first && second && digestName(buildPin(first).digest)).toBe(
      second && digestName(buildPin(second).digest),
    );
  });
});

describe("what a step may not have, all at once and by name", () => {
  test.each<[string, AgentSettings, string]>([
    [
      "a profile",
      { use: "witer" },
      'use: unknown_profile: the library has no profile "witer" (named by step notes); did you mean "writer"?',
    ],
    [
      "a model",
      { model: ["main", "lcal"] },
      'model[1]: unknown_model: the library has no model "lcal" (named by step notes); did you mean "local"?',
    ],
    [
      "a skill",
      { skills: ["release-note"] },
      'skills[0]: unknown_skill: the library has no skill "release-note" (named by step notes); did you mean "release-notes"?',
    ],
    [
      "a soul",
      { soul: "engineeer" },
      'soul: unknown_soul: the library has no soul "engineeer" (named by step notes); did you mean "engineer"?',
    ],
    [
      "a server",
      { mcpServers: ["githb"] },
      'mcpServers[0]: unknown_mcp_server: the library has no MCP server "githb" (named by step notes); did you mean "github"?',
    ],
    [
      "a tool",
      { tools: ["raed"] },
      'tools[0]: unknown_tool: there is no tool "raed" (named by step notes); did you mean "read"?',
    ],
    [
      "a tool of a server it does not use",
      { tools: ["mcp__github__list"] },
      'tools[0]: unknown_mcp_server: the tool "mcp__github__list" (named by step notes) needs the MCP server "github", which is not among the step\'s mcpServers',
    ],
    [
      "more turns",
      { limits: { maxTurns: 101 } },
      "limits.maxTurns: ceiling_exceeded: maxTurns 101 (named by step notes) is over the ceiling 100 of config.yaml",
    ],
    [
      "a weaker sandbox",
      { sandbox: "none" },
      "sandbox: ceiling_exceeded: the sandbox none (named by step notes) is weaker than auto; it can only be narrowed",
    ],
    [
      "a host",
      { network: ["example.com"] },
      'network: ceiling_exceeded: the host "example.com" (named by step notes) is not in the network that config.yaml allows',
    ],
    [
      "writing unread memory",
      { memory: { write: { dag: "append" } } },
      "memory.write.dag: invalid_settings: step notes writes the memory dag without reading it; add dag to memory.read",
    ],
  ])("%s", async (_, settings, expected) => {
    expect((await planOne(settings)).problems).toEqual([`nightly.yaml:7: steps[notes].agent.${expected}`]);
  });

  test("what a profile names is shown where the DAG names the profile", async () => {
    await writeLibrary(temp.path, {
      "profiles/broken.md": "---\nname: broken\ndescription: x\nskills: [release-note]\nsoul: nobody\n---\n",
    });
    library = await readLibrary(temp.path, { label: "agents" });
    const locate = (field: string) =>
      field === "steps[notes].agent.use" ? { line: 28, column: 12 } : undefined;
    const { problems } = await planOne({ use: "broken" }, {}, { locate });
    expect(problems).toEqual([
      'nightly.yaml:28:12: steps[notes].agent.use: unknown_skill: the library has no skill "release-note" (named by profile broken); did you mean "release-notes"?',
      'nightly.yaml:28:12: steps[notes].agent.use: unknown_soul: the library has no soul "nobody" (named by profile broken)',
    ]);
  });

  test("an item with a problem of its own stops the steps that use it, and no others", async () => {
    await using broken = await tempFolder();
    await writeLibrary(broken.path, {
      "models/main.yaml": "provider: anthropic\n",
      "souls/poet.md": "x".repeat(20_001),
    });
    const half = await readLibrary(broken.path, { label: "agents" });
    const outcome = await planSnapshots(
      dag("d", [agent("a"), agent("b"), agent("c", { use: "plain" })]),
      half,
    );
    expect(outcome.problems.map(problemText)).toEqual([
      "agents/models/main.yaml:1:1: model: invalid_model: is required",
    ]);
    expect([...outcome.plans.keys()]).toEqual(["c"]);
  });

  test("a secret that the vault does not hold, when the vault is known", async () => {
    expect(
      (await planOne({ use: "writer" }, { knownSecrets: new Set(["anthropic-api-key"]) })).problems,
    ).toEqual([]);
    expect(
      (await planOne({ use: "writer" }, { knownSecrets: new Set(["anthropic-api-kee"]) })).problems,
    ).toEqual([
      'nightly.yaml:7: steps[notes].agent.use: unknown_secret: there is no secret "anthropic-api-key" (named by model main); did you mean "anthropic-api-kee"?'.replace(
        "nightly.yaml:7: steps[notes].agent.use",
        "agents/config.yaml:2:1: model",
      ),
    ]);
  });

  test("no model at all", async () => {
    const empty = await readLibrary(`${temp.path}/nothing`, { label: "agents" });
    const { problems } = await planSnapshots(dag("d", [agent("a", {})]), empty);
    expect(problems[0]?.message).toBe(
      "no model: name one in the step, its profile, defaults.agent or agents/config.yaml (the library has none)",
    );
  });
});

describe("the walk", () => {
  test("handlers are planned like steps; other kinds are not", async () => {
    const run: PlannableStep = { id: "test", kind: "run", field: "steps[0]", line: 1 };
    const { plans } = await plan(
      dag("d", [run, agent("notes")], { handlers: [agent("triage", { use: "plain" })] }),
    );
    expect([...plans.keys()]).toEqual(["notes", "triage"]);
    const missing = await plan(dag("d", [], { handlers: [agent("triage", { use: "plan" })] }));
    expect(missing.problems).toHaveLength(1);
  });

  test("local DAGs come before stored ones of the same name, and do not collide", async () => {
    const local = dag("smoke", [agent("a", { use: "plain" })], { file: "main.yaml" });
    const outside = dag("smoke", [agent("a")], { digest: "sha256:1" });
    const other = dag("other", [child("again", "smoke")]);
    const resolveDag = async (name: string) => ({ smoke: outside, other })[name];
    const main = dag("main", [child("x", "smoke"), child("y", "other")], {
      dags: new Map([["smoke", local]]),
    });
    const { children, problems } = await plan(main, { resolveDag });
    expect(problems).toEqual([]);
    expect(children.map(({ name, origin, plans }) => [name, origin, plans.get("a")?.config.profile])).toEqual(
      [
        ["smoke", "local main.yaml", "plain"],
        ["other", "store", undefined],
        ["smoke", "store", "writer"],
      ],
    );
  });

  test("DAGs that call each other are planned once", async () => {
    const a: PlannableDag = dag("a", [child("b", "b"), agent("x")], { origin: "store" });
    const b: PlannableDag = dag("b", [child("a", "a"), child("b", "b"), agent("y", { use: "plain" })]);
    let asked = 0;
    const resolveDag = async (name: string) => {
      asked++;
      return { a, b }[name];
    };
    const { children, plans } = await plan(a, { resolveDag });
    expect([...plans.keys()]).toEqual(["x"]);
    expect(children.map(({ name }) => name)).toEqual(["b"]);
    expect(asked).toBe(3);
  });

  test("memory is that of each DAG's own", async () => {
    const resolveDag = async () => dag("inner", [agent("a")]);
    const { plans, children } = await plan(dag("outer", [agent("a"), child("c", "inner")]), { resolveDag });
    expect(plans.get("a")?.config.memory.dag).toBe("outer");
    expect(children[0]?.plans.get("a")?.config.memory.dag).toBe("inner");
  });

  test("a DAG that is not there, and one that cannot be read, with the chain", async () => {
    const middle = dag("middle", [child("gone", "gone"), child("bad", "bad")]);
    const resolveDag = async (name: string) => {
      if (name === "bad") throw new Error("line 3 is no YAML");
      return name === "middle" ? middle : undefined;
    };
    const { problems } = await plan(dag("main", [child("m", "middle")]), { resolveDag });
    expect(problems.map(problemText)).toEqual([
      'middle.yaml:9: steps[gone].dag.use: unknown_dag: there is no DAG "gone" (reached by main → middle → gone)',
      'middle.yaml:9: steps[bad].dag.use: dag_resolution_failed: the DAG "bad" cannot be read (reached by main → middle → bad): line 3 is no YAML',
    ]);
  });

  test("without a DAG store, external names are deferred and own steps planned", async () => {
    const { plans, deferred, problems } = await plan(dag("main", [agent("a"), child("m", "middle")]));
    expect(problems).toEqual([]);
    expect([...plans.keys()]).toEqual(["a"]);
    expect(deferred).toEqual([{ dag: "main", step: "m", use: "middle", why: "no DAG store" }]);
  });

  test("dynamic names: all candidates are planned; without candidates the name is deferred", async () => {
    const resolveDag = async (name: string) => dag(name, [agent("a")]);
    const dynamic = child("x", "${{ item }}", { dynamic: true });
    const listed = child("y", "${{ item }}", { dynamic: true, candidates: ["one", "two"] });
    const { children, deferred } = await plan(dag("main", [dynamic, listed]), { resolveDag });
    expect(children.map(({ name }) => name)).toEqual(["one", "two"]);
    expect(deferred).toEqual([{ dag: "main", step: "x", use: "${{ item }}", why: "dynamic name" }]);
  });

  test("a local DAG that nothing calls is checked, not planned", async () => {
    const dags = new Map([
      ["idle", dag("idle", [agent("a", { use: "nobody" }), agent("b")], { file: "main.yaml" })],
    ]);
    const { children, problems } = await plan(dag("main", [agent("x")], { dags }));
    expect(children).toEqual([]);
    expect(problems.map(({ code }) => code)).toEqual(["unknown_profile"]);
  });

  test("a resolver that invents names comes to an end", async () => {
    let count = 0;
    const resolveDag = async (name: string) => dag(name, [child("next", `d${count++}`)]);
    const { problems } = await plan(dag("main", [child("first", "d")]), { resolveDag });
    expect(problems.map(({ code }) => code)).toEqual(["dag_resolution_failed"]);
  });
});

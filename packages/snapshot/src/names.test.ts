/** Ids, paths and keys are refused by the builder and by the reader alike: neither trusts the other. */

import { describe, expect, test } from "vitest";
import { addMemory, buildPin } from "./build/builder.ts";
import { comparePaths } from "./format/paths.ts";
import { inspectPack } from "./inspect.ts";
import { scopeDigest } from "./memory/scope-digest.ts";
import type { StepPlan } from "./plan/plannable.ts";
import { codeOf } from "./testing/code-of.ts";
import { sampleConfig, sampleModels, samplePlan, sampleSkill, sampleSoul } from "./testing/sample.ts";
import { contentOf, packed } from "./testing/vector-packs.ts";

const refusal = /^snapshot_(hostile|invalid)$/;
const raw = Buffer.from(contentOf(samplePlan, true)).toString();
const [main, local] = sampleModels;
if (main === undefined || local === undefined) throw new Error("the sample has two models");

interface Editable {
  readonly config: { readonly memory: object; readonly mcpServers: readonly object[] };
  readonly models: readonly object[];
  readonly skills: readonly object[];
  readonly souls: readonly object[];
  readonly memory: { readonly dags: Record<string, unknown> };
}

/** What a reader says of the sample's content after a change. */
function read(change: (content: Editable) => void): string {
  const content = JSON.parse(raw) as Editable;
  change(content);
  return codeOf(() => inspectPack(packed(JSON.stringify(content)).bytes));
}

const build = (change: Partial<StepPlan>): string => codeOf(() => buildPin({ ...samplePlan, ...change }));

const filesOf = (paths: readonly string[]) => {
  // Keys in their order, so that the names are all that can be wrong.
  const file = (path: string) => ({ mode: "0644", path, text: "" }) as const;
  return [...paths, "SKILL.md"].map(file).toSorted((a, b) => comparePaths(a.path, b.path));
};
const topicsOf = (paths: readonly string[]) =>
  paths.toSorted(comparePaths).map((path) => ({ path, text: "" }));

/** A set of paths in the files of a skill and in the topics of a memory, written and read. */
function everywhere(paths: readonly string[]): string[] {
  const [files, topics] = [filesOf(paths), topicsOf(paths)];
  return [
    build({ skills: [{ ...sampleSkill, files }] }),
    read(({ skills }) => Object.assign(skills[0] ?? {}, { files })),
    codeOf(() => addMemory(buildPin(samplePlan).gzip, { dag: { text: "", topics } })),
    read(({ memory }) =>
      Object.assign(memory.dags, {
        "nightly-release": { base: scopeDigest({ text: "", topics: [] }), text: "", topics },
      }),
    ),
  ];
}

describe("paths", () => {
  test.each([
    ["a plain one", ["a.md"]],
    ["depth and length at their bounds", [`${"d/".repeat(15)}f`, `${"é".repeat(119)}xx`]],
    ["names that only begin alike", ["a", "a.b", "ab/c", "b"]],
  ])("%s is accepted everywhere", (_, paths) => {
    expect(everywhere(paths)).toEqual(["accepted", "accepted", "accepted", "accepted"]);
  });

  test.each([
    "",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/./b",
    "a//b",
    "a/",
    "/a",
    "~/a",
    "C:/a",
    "c:a",
    "a\\b",
    "a\u0000b",
    "a\u001b[2J",
    "a\u007f",
    "a\u0085b",
    "a\u202eb",
    "a\u2066b",
    "a\u200fb",
    "a.",
    "a ",
    "a./b",
    "a /b",
    "con",
    "a/NUL.txt",
    "Lpt1.md",
    "e\u0301.md",
    "%2e%2e/a",
    "a\uff0fb",
    "\u2025/a",
    ".git/config",
    "a/.GIT/x",
    `${"d/".repeat(16)}f`,
    `${"é".repeat(120)}x`,
    "\ud800",
  ])("%j is refused everywhere", (path) => {
    for (const code of everywhere([path])) expect(code).toMatch(refusal);
  });

  test.each([
    ["the same twice", ["a", "a"]],
    ["upper and lower case", ["readme.md", "README.md"]],
    ["letters of a folder", ["docs/a", "DOCS/b", "Docs/A"]],
    ["sharp s", ["straße", "STRASSE"]],
    ["both small sigmas", ["x/ς", "x/σ"]],
    ["the Kelvin sign", ["k", "\u212a"]],
    ["a composed letter in another case", ["é", "É"]],
    ["a composed and a decomposed letter", ["é", "e\u0301"]],
    ["a file where a folder is needed", ["a", "a/b"]],
    ["the same in another case", ["A", "a/b"]],
    ["below another, deep down", ["a/b/c", "a/b"]],
  ])("%s collide, everywhere", (_, paths) => {
    for (const code of everywhere(paths)) expect(code).toMatch(refusal);
  });
});

describe("ids", () => {
  const good = ["a", "1", "a-b-2", "a".repeat(64)];
  const bad = [
    "",
    "-a",
    "a-",
    "a--b",
    "A",
    "a_b",
    "a.b",
    "a/b",
    "..",
    "ä",
    "\u0430",
    "a\n",
    "a ",
    "a".repeat(65),
  ];
  /** Harmless as a value: only keys set prototypes. */
  const values = ["constructor", "prototype"];

  /** By what is named: the plan and the change of content that name it so. */
  const places: Record<
    string,
    readonly [plan: (id: string) => Partial<StepPlan>, edit: (id: string) => (content: Editable) => void]
  > = {
    model: [
      (id) => ({ config: { ...sampleConfig, modelChain: [id] }, models: [{ ...main, id }] }),
      (id) => (content) => {
        Object.assign(content.config, { modelChain: [id] });
        Object.assign(content, {
          models: [{ ...content.models[1], id }],
          secrets: secretsOfMain,
        });
      },
    ],
    skill: [
      (name) => ({ config: { ...sampleConfig, skills: [name] }, skills: [{ ...sampleSkill, name }] }),
      (name) => (content) => {
        Object.assign(content.config, { skills: [name] });
        Object.assign(content.skills[0] ?? {}, { name });
      },
    ],
    soul: [
      (id) => ({ config: { ...sampleConfig, soul: id }, souls: [{ ...sampleSoul, id }] }),
      (id) => (content) => {
        Object.assign(content.config, { soul: id });
        Object.assign(content.souls[0] ?? {}, { id });
      },
    ],
    profile: [
      (profile) => ({ config: { ...sampleConfig, profile } }),
      (profile) => (content) => void Object.assign(content.config, { profile }),
    ],
    "MCP server": [
      (name) => ({
        config: {
          ...sampleConfig,
          mcpServers: sampleConfig.mcpServers.map((server) => ({ ...server, name })),
        },
      }),
      (name) => (content) => void Object.assign(content.config.mcpServers[0] ?? {}, { name }),
    ],
  };
  const secretsOfMain = [{ env: "GITHUB_TOKEN" }, { secret: "anthropic-api-key" }];

  test.each(Object.entries(places))("of a %s", (_, [plan, edit]) => {
    for (const id of [...good, ...values])
      expect([id, build(plan(id)), read(edit(id))]).toEqual([id, "accepted", "accepted"]);
    for (const id of [...bad, "__proto__"]) {
      expect(`${JSON.stringify(id)} at build: ${build(plan(id))}`).toMatch(/: snapshot_(hostile|invalid)$/);
      expect(`${JSON.stringify(id)} at decode: ${read(edit(id))}`).toMatch(/: snapshot_(hostile|invalid)$/);
    }
  });

  test.each(["__proto__", "constructor", "", ".", "a/b", "a\u0000", "-x", "x".repeat(129)])(
    "the DAG %j has no memory",
    (dag) => {
      expect(build({ config: { ...sampleConfig, memory: { ...sampleConfig.memory, dag } } })).toMatch(
        refusal,
      );
      const code = read((content) => {
        Object.assign(content.config.memory, { dag });
        const { dags } = content.memory;
        const scope = dags["nightly-release"];
        Reflect.deleteProperty(dags, "nightly-release");
        Object.defineProperty(dags, dag, { value: scope, enumerable: true });
      });
      expect(code).toMatch(refusal);
    },
  );
});

describe.each(["__proto__", "constructor", "prototype"])("the key %s", (key) => {
  const withKey = (): never => JSON.parse(`{"${key}":"x"}`) as never;

  test("is refused by the reader in every object of the content, at every depth", () => {
    const places = [...raw.matchAll(/\{/g)].filter(({ index }) => !insideText(index));
    expect(places.length).toBeGreaterThan(30);
    for (const { index } of places) {
      const rest = raw.slice(index + 1);
      const text = `${raw.slice(0, index + 1)}"${key}":"x"${rest.startsWith("}") ? "" : ","}${rest}`;
      const code = codeOf(() => inspectPack(packed(text).bytes));
      expect([text.slice(index, index + 40), code]).toEqual([expect.any(String), "snapshot_hostile"]);
    }
  });

  test("is refused by the builder wherever keys are free", () => {
    const nested = { a: [{ b: { c: [withKey()] } }] };
    const [server] = sampleConfig.mcpServers;
    const plans: Partial<StepPlan>[] = [
      { models: [main, { ...local, providerOptions: withKey() }] },
      { models: [main, { ...local, providerOptions: nested }] },
      { models: [main, { ...local, headers: withKey() }] },
      { models: [main, { ...local, worker: withKey() }] },
      { config: { ...sampleConfig, effects: withKey() } },
      {
        config: {
          ...sampleConfig,
          mcpServers: [{ ...(server as never as object), headers: withKey() } as never],
        },
      },
    ];
    for (const plan of plans) expect(build(plan)).toBe("snapshot_hostile");
  });

  function insideText(index: number): boolean {
    return (raw.slice(0, index).match(/(?<!\\)"/g)?.length ?? 0) % 2 === 1;
  }
});

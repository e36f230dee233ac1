import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SkillFile } from "../format/content.ts";
import { digestName } from "../format/digest.ts";
import { guardSnapshot } from "../guard.ts";
import { inspectPack } from "../inspect.ts";
import { defaultLimits, settleLimits } from "../limits.ts";
import { scopeDigest } from "../memory/scope-digest.ts";
import type { StepPlan } from "../plan/plannable.ts";
import { openSnapshot } from "../stores/open-snapshot.ts";
import { codeOf } from "../testing/code-of.ts";
import { sampleConfig, sampleModels, samplePlan, sampleSkill, sampleSoul } from "../testing/sample.ts";
import { addMemory, buildPin } from "./builder.ts";

const name = (plan: StepPlan) => digestName(buildPin(plan).digest);
const withFiles = (files: readonly SkillFile[]): StepPlan => ({
  ...samplePlan,
  skills: [{ ...sampleSkill, files: [...sampleSkill.files, ...files] }],
});
/** Text that does not compress well and holds nothing that looks like a key. */
const noise = (length: number) => {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCodePoint(0x20 + (state % 64) + (state % 2));
  }).join("");
};

describe("a pin", () => {
  test("reads back as what went in", () => {
    const pack = buildPin(samplePlan);
    const { content } = openSnapshot(pack.gzip, pack);
    expect({ ...content.config }).toEqual(sampleConfig);
    expect(content.models.map(({ id }) => id)).toEqual(["local", "main"]);
    expect(content.skills).toEqual([sampleSkill]);
    expect(content.souls).toEqual([sampleSoul]);
    expect(content.memory).toEqual({ global: null, dags: {} });
    expect(content.requires).toEqual(["mcp", "memory.ops", "skills"]);
    expect(content.secrets).toEqual([
      { env: "GITHUB_TOKEN" },
      { env: "MODEL_URL" },
      { secret: "anthropic-api-key" },
    ]);
  });

  test("has one digest, however its parts were ordered", () => {
    const expected = name(samplePlan);
    const reversed = (value: object) => Object.fromEntries(Object.entries(value).toReversed());
    for (let round = 0; round < 20; round++) expect(name(samplePlan)).toBe(expected);
    expect(
      name({
        ...samplePlan,
        config: reversed(sampleConfig) as unknown as typeof sampleConfig,
        models: sampleModels.toReversed(),
        skills: [{ ...sampleSkill, files: sampleSkill.files.toReversed() }],
        included: [],
      }),
    ).toBe(expected);
  });

  test("has another digest when anything in it changes", () => {
    const changed: StepPlan[] = [
      { ...samplePlan, config: { ...sampleConfig, instructions: "Write the release notes." } },
      { ...samplePlan, config: { ...sampleConfig, modelChain: ["local", "main"] } },
      { ...samplePlan, souls: [{ ...sampleSoul, text: "Terse!\n" }] },
      {
        ...samplePlan,
        skills: [{ ...sampleSkill, files: sampleSkill.files.map((file) => ({ ...file, mode: "0755" })) }],
      },
    ];
    expect(new Set([samplePlan, ...changed].map(name)).size).toBe(changed.length + 1);
  });

  test("keeps its bytes to itself", () => {
    const pack = buildPin(samplePlan);
    const [gzip, digest] = [pack.gzip, pack.digest];
    pack.gzip.fill(0);
    pack.digest.fill(0);
    expect(pack.gzip).toEqual(gzip);
    expect(pack.digest).toEqual(digest);
    expect(structuredClone(pack).gzip).toEqual(gzip);
  });

  test("does not notice when the plan is changed afterwards", () => {
    const models = structuredClone([...sampleModels]);
    const plan = { ...samplePlan, models };
    const pack = buildPin(plan);
    const [first] = models;
    if (first !== undefined) Object.assign(first, { model: "another" });
    expect(openSnapshot(pack.gzip, pack).content.models[1]?.model).toBe("claude-sonnet-4-6");
  });

  test("says what is in it and why, without bodies", () => {
    const { parts, secrets } = buildPin(samplePlan).report;
    expect(parts.map(({ section, id }) => `${section}/${id}`)).toEqual([
      "config/release-writer",
      "models/local",
      "models/main",
      "skills/release-notes",
      "souls/engineer",
    ]);
    expect(parts[3]?.files).toEqual(["SKILL.md", "assets/logo.bin", "scripts/commits.sh"]);
    expect(parts[3]?.why).toBe("profile release-writer");
    expect(secrets).toEqual(["env:GITHUB_TOKEN", "env:MODEL_URL", "secret:anthropic-api-key"]);
  });

  test("any valid file content survives", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.string({ unit: "binary", maxLength: 100 }),
        (bytes, text) => {
          fc.pre(text.isWellFormed());
          const decoded = Buffer.from(bytes);
          const binary =
            decoded.toString("utf8") === decoded.toString("latin1") ? Uint8Array.of(255, ...bytes) : bytes;
          const isText = Buffer.from(Buffer.from(binary).toString("utf8")).equals(Buffer.from(binary));
          const file: SkillFile = isText
            ? { path: "x", mode: "0644", text: Buffer.from(binary).toString("utf8") }
            : { path: "x", mode: "0644", base64: Buffer.from(binary).toString("base64") };
          const plan = withFiles([file, { path: "y", mode: "0755", text }]);
          const pack = buildPin({ ...plan, allowedStrings: new Set() });
          const files = openSnapshot(pack.gzip, pack).content.skills[0]?.files ?? [];
          expect(files).toContainEqual(file);
          expect(files).toContainEqual({ path: "y", mode: "0755", text });
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("memory", () => {
  const pin = buildPin(samplePlan);
  const memory = {
    dag: {
      text: "# m\n",
      topics: [
        { path: "b.md", text: "b" },
        { path: "a.md", text: "a" },
      ],
    },
  };

  test("is added to the pin, and the rest stays", () => {
    const final = addMemory(pin.gzip, memory, { report: pin.report });
    const { content } = openSnapshot(final.gzip, final);
    const topics = memory.dag.topics.toReversed();
    expect(content.memory.dags).toEqual({
      "nightly-release": { base: scopeDigest({ text: "# m\n", topics }), text: "# m\n", topics },
    });
    expect(content.memory.global).toEqual({
      base: scopeDigest({ text: "", topics: [] }),
      text: "",
      topics: [],
    });
    expect({ ...content, memory: null }).toEqual({ ...openSnapshot(pin.gzip, pin).content, memory: null });
    expect(final.report.parts.find(({ section }) => section === "skills")?.why).toBe(
      "profile release-writer",
    );
    expect(final.report.parts.filter(({ section }) => section === "memory").map(({ id }) => id)).toEqual([
      "global",
      "dags/nightly-release",
    ]);
  });

  test("is not added where the step does not read it", () => {
    const config = {
      ...sampleConfig,
      memory: { read: [], write: { dag: "none", global: "none" }, dag: null },
    } as const;
    const silent = buildPin({ ...samplePlan, config });
    const final = addMemory(silent.gzip, { ...memory, global: { text: "secret plans", topics: [] } });
    expect(final.digest).toEqual(silent.digest);
  });

  test("is not added twice", () => {
    const final = addMemory(pin.gzip, memory);
    expect(() => addMemory(final.gzip, memory)).toThrowError(/holds memory already/);
  });
});

describe("limits at build", () => {
  test("sizes at the limit and one above, with room for memory", () => {
    const { compressedSize, uncompressedSize } = buildPin(samplePlan);
    const at = (limits: Partial<typeof defaultLimits>) =>
      codeOf(() => buildPin(samplePlan, settleLimits({ memoryScopeBytesMax: 1000, ...limits })));
    expect(at({ uncompressedBytesMax: uncompressedSize + 2000 })).toBe("accepted");
    expect(at({ uncompressedBytesMax: uncompressedSize + 1999 })).toBe("snapshot_too_large");
    expect(at({ compressedBytesMax: compressedSize + 2000 })).toBe("accepted");
    expect(at({ compressedBytesMax: compressedSize + 1999 })).toBe("snapshot_too_large");
  });

  test("small compressed but large raw fails here, not at the reader, and the table names the culprit", () => {
    const text = `${noise(40_000)}\n`.repeat(100);
    const plan = withFiles(["a", "b", "c", "d", "e"].map((path) => ({ path, mode: "0644", text })));
    expect(() => buildPin(plan)).toThrowError(
      /skills\/release-notes 2\d\.\d MiB raw \(\w 3\.\d MiB\), config/,
    );
  });

  test("what a reader would take for a bomb", () => {
    const text = " ".repeat(3 * 1024 * 1024);
    expect(codeOf(() => buildPin(withFiles([{ path: "zeros", mode: "0644", text }])))).toBe(
      "snapshot_too_large",
    );
  });

  test.each([
    ["skillsMax", 1, 0],
    ["modelsMax", 2, 1],
    ["filesMax", 3, 2],
    ["fileBytesMax", 44, 43],
    ["soulCharactersMax", 7, 6],
    ["nestingMax", 7, 6],
  ] as const)("%s: %i is enough, %i is not", (limit, enough, short) => {
    expect(codeOf(() => buildPin(samplePlan, { ...defaultLimits, [limit]: enough }))).toBe("accepted");
    expect(codeOf(() => buildPin(samplePlan, { ...defaultLimits, [limit]: short }))).toMatch(/^snapshot_/);
    const pack = buildPin(samplePlan);
    const limits = { ...defaultLimits, [limit]: short };
    expect(codeOf(() => guardSnapshot(pack.gzip, pack, limits))).toMatch(/^snapshot_(too_large|hostile)/);
    expect(codeOf(() => inspectPack(pack.gzip, limits))).toMatch(/^snapshot_(too_large|hostile)/);
  });

  test("memory: lines, bytes, topics, scope", () => {
    const pin = buildPin(samplePlan).gzip;
    const add = (text: string, topics = 0, size = 1) =>
      codeOf(() =>
        addMemory(pin, {
          dag: {
            text,
            topics: Array.from({ length: topics }, (_, index) => ({
              path: `t${index}.md`,
              text: noise(size),
            })),
          },
        }),
      );
    expect(add("x\n".repeat(200))).toBe("accepted");
    expect(add("x\n".repeat(201))).toBe("snapshot_too_large");
    expect(add("x".repeat(25 * 1024))).toBe("accepted");
    expect(add("x".repeat(25 * 1024 + 1))).toBe("snapshot_too_large");
    expect(add("", 64)).toBe("accepted");
    expect(add("", 65)).toBe("snapshot_too_large");
    expect(add("", 1, 256 * 1024)).toBe("snapshot_too_large");
  });

  test.each([
    ["a bad path", { path: "../x", mode: "0644", text: "" }],
    ["a path twice", { path: "SKILL.md", mode: "0644", text: "" }],
    ["a path that differs in case", { path: "skill.MD", mode: "0644", text: "" }],
    ["base64 of text", { path: "x", mode: "0644", base64: "YWJj" }],
    ["a lone surrogate", { path: "x", mode: "0644", text: "\ud800" }],
  ] as const)("%s", (_, file) => {
    expect(codeOf(() => buildPin(withFiles([file])))).toMatch(/^snapshot_(hostile|invalid)$/);
  });

  test("limits must be whole numbers above 0", () => {
    expect(() => settleLimits({ cpuMsMax: 0 })).toThrowError(/cpuMsMax/);
    expect(() => settleLimits({ filesMax: Number.NaN })).toThrowError(/filesMax/);
  });
});

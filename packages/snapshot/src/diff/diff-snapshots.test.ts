import { describe, expect, test } from "vitest";
import { addMemory, buildPin } from "../build/builder.ts";
import type { SnapshotContent } from "../format/content.ts";
import { inspectPack } from "../inspect.ts";
import type { StepPlan } from "../plan/plannable.ts";
import { sampleConfig, sampleModels, samplePlan, sampleSkill, sampleSoul } from "../testing/sample.ts";
import { diffSnapshots } from "./diff-snapshots.ts";

const contentOf = (plan: Partial<StepPlan>): SnapshotContent =>
  inspectPack(buildPin({ ...samplePlan, ...plan }).gzip).content;
const sample = contentOf({});
const [main, local] = sampleModels as [(typeof sampleModels)[number], (typeof sampleModels)[number]];

describe("a diff", () => {
  test("of a pack with itself is empty", () => {
    expect(diffSnapshots(sample, contentOf({}))).toEqual([]);
  });

  test("of config and models names leaves", () => {
    const limits = { ...sampleConfig.limits, maxTurns: 31, maxCostUsd: null };
    const other = contentOf({
      config: { ...sampleConfig, limits, instructions: "Write.\n" },
      models: [{ ...main, headers: { "X-Mode": "fast" } }, local],
    });
    expect(diffSnapshots(sample, other)).toEqual([
      {
        section: "config",
        id: "",
        change: "changed",
        values: [
          { path: "limits.maxCostUsd", before: 1.5, after: null },
          { path: "limits.maxTurns", before: 30, after: 31 },
        ],
        texts: [
          {
            path: "instructions",
            change: "changed",
            binary: false,
            lines: ["@@ -1,1 +1,1 @@", "-Write the release notes.", "+Write."],
          },
        ],
      },
      {
        section: "models",
        id: "main",
        change: "changed",
        values: [
          { path: "headers", before: {} },
          { path: "headers.X-Mode", after: "fast" },
        ],
        texts: [],
      },
    ]);
  });

  test("of skills names files and modes; bytes that are no text have no lines", () => {
    const files = [
      { path: "SKILL.md", mode: "0755", text: "---\nname: release-notes\n---\n# Release notes\n" },
      { path: "assets/logo.bin", mode: "0644", base64: "/wA=" },
      { path: "extra.md", mode: "0644", text: "more\n" },
    ] as const;
    const [change, ...rest] = diffSnapshots(sample, contentOf({ skills: [{ ...sampleSkill, files }] }));
    expect(rest).toEqual([]);
    expect(change).toMatchObject({ section: "skills", id: "release-notes", values: [] });
    expect(change?.texts).toEqual([
      {
        path: "SKILL.md",
        change: "changed",
        mode: { before: "0644", after: "0755" },
        binary: false,
        lines: [],
      },
      { path: "assets/logo.bin", change: "changed", binary: true, lines: [] },
      { path: "extra.md", change: "added", binary: false, lines: ["@@ -0,0 +1,1 @@", "+more"] },
      {
        path: "scripts/commits.sh",
        change: "removed",
        binary: false,
        lines: ["@@ -1,2 +0,0 @@", "-#!/bin/sh", "-git log"],
      },
    ]);
  });

  test("names parts that only one of them has, in the order of the sections", () => {
    const config = { ...sampleConfig, modelChain: ["local"], soul: null, skills: [] };
    const other = contentOf({ config, models: [local], skills: [], souls: [] });
    const names = (changes: ReturnType<typeof diffSnapshots>) =>
      changes.map(({ section, id, change }) => `${change} ${section} ${id}`);
    expect(names(diffSnapshots(sample, other))).toEqual([
      "changed config ",
      "removed models main",
      "removed skills release-notes",
      "removed souls engineer",
    ]);
    expect(names(diffSnapshots(other, sample)).slice(1)).toEqual([
      "added models main",
      "added skills release-notes",
      "added souls engineer",
    ]);
  });

  test("of memory: a pin and its final pack differ in whole scopes, two final packs in lines", () => {
    const pin = buildPin(samplePlan).gzip;
    const final = (text: string, topics = [{ path: "people.md", text: "- a person\n" }]) =>
      inspectPack(addMemory(pin, { global: { text, topics } }).gzip).content;
    const [a, b] = [final("- old\n"), final("- old\n- new\n", [])];
    expect(diffSnapshots(sample, a).map(({ change, id }) => `${change} ${id}`)).toEqual([
      "added dags/nightly-release",
      "added global",
    ]);
    const [change] = diffSnapshots(a, b);
    expect(change?.values.map(({ path }) => path)).toEqual(["base"]);
    expect(change?.texts.map(({ path, change, lines }) => [path, change, lines])).toEqual([
      ["index", "changed", ["@@ -1,1 +1,2 @@", " - old", "+- new"]],
      ["topics/people.md", "removed", ["@@ -1,1 +0,0 @@", "-- a person"]],
    ]);
  });

  test("tells keys with dots from keys in keys, and servers by their names", () => {
    const options = (providerOptions: (typeof local)["providerOptions"]) =>
      contentOf({ models: [main, { ...local, providerOptions }] });
    const [change] = diffSnapshots(options({ "a.b": 1 }), options({ a: { b: 1 } }));
    expect(change?.values).toEqual([
      { path: "providerOptions.a.b", after: 1 },
      { path: 'providerOptions["a.b"]', before: 1 },
    ]);
    const [server] = sampleConfig.mcpServers;
    const mcpServers = [{ ...server, name: "a", url: "https://a.example" } as never, server as never];
    const [config] = diffSnapshots(sample, contentOf({ config: { ...sampleConfig, mcpServers } }));
    expect(config?.values.map(({ path }) => path)).toEqual([
      "mcpServers.a.headers.Authorization",
      "mcpServers.a.type",
      "mcpServers.a.url",
    ]);
  });

  test("of everything that can be changed is never empty", () => {
    const changes: Partial<StepPlan>[] = [
      { souls: [{ ...sampleSoul, description: "x" }] },
      { souls: [{ ...sampleSoul, text: "Terse." }] },
      { skills: [{ ...sampleSkill, allowedTools: [] }] },
      { config: { ...sampleConfig, tools: ["read"] } },
      { config: { ...sampleConfig, modelChain: ["local", "main"] } },
      { config: { ...sampleConfig, memory: { ...sampleConfig.memory, dag: "other" } } },
      { models: [main, { ...local, temperature: 0.6 }] },
    ];
    for (const change of changes) expect(diffSnapshots(sample, contentOf(change))).toHaveLength(1);
  });
});

/** A plan by hand, for the tests of everything behind the planner. */

import type { EffectiveConfig, ModelSpec, SkillBundle, Soul } from "../format/content.ts";
import type { StepPlan } from "../plan/plannable.ts";

export const sampleConfig: EffectiveConfig = {
  profile: "release-writer",
  engine: "builtin",
  instructions: "Write the release notes.\n",
  modelChain: ["main", "local"],
  soul: "engineer",
  skills: ["release-notes"],
  tools: ["bash", "mcp__github__list", "output", "read", "skill"],
  mcpServers: [
    {
      name: "github",
      type: "http",
      url: "https://mcp.example/mcp",
      headers: { Authorization: ["Bearer ", { env: "GITHUB_TOKEN", default: null }] },
    },
  ],
  limits: { maxTurns: 30, maxTokens: 400_000, maxCostUsd: 1.5, maxToolOutputBytes: 65_536 },
  permissions: { deny: ["bash(sudo *)"], ask: [], allow: ["read(**)"], default: "deny" },
  effects: { mcp__github__list: "read" },
  onAsk: "suspend",
  onUnknownEffect: "ask",
  sandbox: "auto",
  network: [],
  memory: { read: ["dag", "global"], write: { dag: "append", global: "none" }, dag: "nightly-release" },
};

export const sampleModels: readonly ModelSpec[] = [
  {
    id: "main",
    name: "Main",
    provider: "anthropic",
    model: "claude-sonnet-4-6",
    baseURL: null,
    apiKey: { secret: "anthropic-api-key" },
    headers: {},
    reasoning: "medium",
    temperature: null,
    contextWindow: 200_000,
    maxOutputTokens: 16_000,
    input: ["image", "text"],
    cost: { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
    worker: {},
    providerOptions: {},
  },
  {
    id: "local",
    name: "local",
    provider: "openai-compatible",
    model: "qwen3:8b",
    baseURL: { env: "MODEL_URL" },
    apiKey: null,
    headers: {},
    reasoning: null,
    temperature: 0.5,
    contextWindow: null,
    maxOutputTokens: null,
    input: ["text"],
    cost: null,
    worker: { pool: "gpu" },
    providerOptions: { deep: { er: [1, "two", null, true] } },
  },
];

export const sampleSkill: SkillBundle = {
  name: "release-notes",
  description: "Turns commits into release notes",
  allowedTools: ["bash(scripts/*)", "read"],
  files: [
    { path: "SKILL.md", mode: "0644", text: "---\nname: release-notes\n---\n# Release notes\n" },
    { path: "assets/logo.bin", mode: "0644", base64: "/wD+" },
    { path: "scripts/commits.sh", mode: "0755", text: "#!/bin/sh\ngit log\n" },
  ],
};

export const sampleSoul: Soul = { id: "engineer", name: "Engineer", description: "", text: "Terse.\n" };

export const samplePlan: StepPlan = {
  dag: "nightly-release",
  step: "notes",
  place: { file: "nightly-release.yaml", line: 3, column: 1, field: "steps[0].agent" },
  config: sampleConfig,
  models: sampleModels,
  skills: [sampleSkill],
  souls: [sampleSoul],
  included: [{ section: "skills", id: "release-notes", why: "profile release-writer" }],
  allowedStrings: new Set(),
};

/**
 * The nouns of format v1: what a pack holds, word for word as it stands in the JSON. Every key is always there; what a
 * library may leave out is `null`, an empty list or an empty text. docs/snapshot-format.md is the prose of this file.
 */

import type { JsonRecord } from "./canonical-json.ts";
import type { Feature, formatName } from "./version.ts";

export interface SnapshotContent {
  readonly format: typeof formatName;
  readonly version: 1;
  /** Sorted; a reader that does not know one of them refuses the pack. */
  readonly requires: readonly Feature[];
  readonly config: EffectiveConfig;
  /** Those of `config.modelChain`, by id. */
  readonly models: readonly ModelSpec[];
  /** Those of `config.skills`, by name. */
  readonly skills: readonly SkillBundle[];
  readonly souls: readonly Soul[];
  readonly memory: MemorySection;
  /** Every reference inside the pack, once, sorted by its JSON text. */
  readonly secrets: readonly SecretRef[];
}

/** The settings of one step, merged: a worker has no merge code. */
export interface EffectiveConfig {
  /** Id of the profile; null: the step uses none. */
  readonly profile: string | null;
  readonly engine: "builtin";
  /** Body of the profile. */
  readonly instructions: string;
  /** Ids of models, tried in this order. */
  readonly modelChain: readonly string[];
  readonly soul: string | null;
  /** Names, sorted. */
  readonly skills: readonly string[];
  /** Sorted. */
  readonly tools: readonly string[];
  /** By name. */
  readonly mcpServers: readonly McpServer[];
  readonly limits: EffectiveLimits;
  readonly permissions: EffectivePermissions;
  /** The operator's word on MCP tools. */
  readonly effects: { readonly [tool: string]: Effect };
  readonly onAsk: OnAsk;
  readonly onUnknownEffect: OnUnknownEffect;
  readonly sandbox: Sandbox;
  /** Hosts that tools may reach, sorted; empty: none. */
  readonly network: readonly string[];
  readonly memory: MemoryModes;
}

export type Effect = "read" | "idempotent" | "local" | "external";
export type OnAsk = "suspend" | "deny" | "fail";
export type OnUnknownEffect = "tell-model" | "ask" | "fail";
export type Sandbox = "auto" | "container" | "bwrap" | "none";
export type MemoryScopeName = "global" | "dag";
export type MemoryWriteMode = "none" | "propose" | "append";

export interface EffectiveLimits {
  readonly maxTurns: number;
  /** Input and output, summed over all attempts. */
  readonly maxTokens: number;
  /** US dollars; null: no limit in money. */
  readonly maxCostUsd: number | null;
  readonly maxToolOutputBytes: number;
}

/** Rules `tool(glob)` in the order of their files; deny, then ask, then allow, and the first match decides. */
export interface EffectivePermissions {
  readonly deny: readonly string[];
  readonly ask: readonly string[];
  readonly allow: readonly string[];
  readonly default: "deny" | "ask" | "allow";
}

export interface MemoryModes {
  /** Sorted. */
  readonly read: readonly MemoryScopeName[];
  readonly write: { readonly global: MemoryWriteMode; readonly dag: MemoryWriteMode };
  /** Name of the DAG whose memory scope `dag` is; null: that scope is not read. */
  readonly dag: string | null;
}

/** Resolved from the attempt's envelope (`secret`) or on the worker (`env`, `file`). */
export type SecretRef = { readonly secret: string } | { readonly env: string } | { readonly file: string };

export interface ModelSpec {
  readonly id: string;
  /** For people; the id when the library gives none. */
  readonly name: string;
  readonly provider: "openai" | "anthropic" | "google" | "openrouter" | "openai-compatible";
  /** As the provider calls it. */
  readonly model: string;
  /** Null: the provider's own address. A reference keeps an address, such as a port, out of the digest. */
  readonly baseURL: string | { readonly env: string } | null;
  readonly apiKey: SecretRef | null;
  readonly headers: { readonly [name: string]: string | SecretRef };
  readonly reasoning: Reasoning | null;
  readonly temperature: number | null;
  /** Tokens. */
  readonly contextWindow: number | null;
  readonly maxOutputTokens: number | null;
  /** Sorted. */
  readonly input: readonly ("text" | "image" | "pdf" | "audio")[];
  /** US dollars for a million tokens; null: budgeted in tokens only. */
  readonly cost: ModelCost | null;
  /** Labels that a worker must have to use the model. */
  readonly worker: { readonly [label: string]: string };
  /** Opaque. */
  readonly providerOptions: JsonRecord;
}

export type Reasoning = "none" | "minimal" | "low" | "medium" | "high" | "xhigh";

export interface ModelCost {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
}

/** A whole skill folder. */
export interface SkillBundle {
  readonly name: string;
  readonly description: string;
  /** Pre-approved inside the step's tools and policy; never widens them. In the order of the file. */
  readonly allowedTools: readonly string[];
  /** By the UTF-8 bytes of the path; `SKILL.md` is one of them. */
  readonly files: readonly SkillFile[];
}

export type FileMode = "0644" | "0755";
export type SkillFile = SkillTextFile | SkillBinaryFile;

export interface SkillTextFile {
  readonly path: string;
  readonly mode: FileMode;
  /** Whenever the bytes are valid UTF-8; never normalised. */
  readonly text: string;
}

export interface SkillBinaryFile {
  readonly path: string;
  readonly mode: FileMode;
  readonly base64: string;
}

/** Voice and tone. */
export interface Soul {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly text: string;
}

/** A pin holds no memory: `global` is null and `dags` is empty. */
export interface MemorySection {
  readonly global: MemoryScope | null;
  readonly dags: { readonly [dag: string]: MemoryScope | null };
}

export interface MemoryScope {
  /** Digest of the scope when it was read, so that a later write can tell whether it changed. */
  readonly base: string;
  /** `MEMORY.md`, the index; empty: nothing is remembered yet. */
  readonly text: string;
  /** By the UTF-8 bytes of the path. */
  readonly topics: readonly MemoryTopic[];
}

export interface MemoryTopic {
  readonly path: string;
  readonly text: string;
}

export type McpServer = McpCommandServer | McpUrlServer;

export interface McpCommandServer {
  readonly name: string;
  readonly type: "stdio";
  readonly command: McpText;
  readonly args: readonly McpText[];
  readonly env: { readonly [name: string]: McpText };
}

export interface McpUrlServer {
  readonly name: string;
  readonly type: "http" | "sse";
  readonly url: McpText;
  readonly headers: { readonly [name: string]: McpText };
}

/** Text, in pieces where it holds references: `Bearer ${TOKEN}` is `["Bearer ", { env: "TOKEN", default: null }]`. */
export type McpText = string | readonly (string | McpReference)[];

export interface McpReference {
  readonly env: string;
  /** Used when the worker has no such variable. */
  readonly default: string | null;
}

/** What a pack asks of its worker: the references that stand inside it, and the features that it uses. */

import { canonicalJson } from "./canonical-json.ts";
import type { EffectiveConfig, McpServer, McpText, ModelSpec, SecretRef } from "./content.ts";
import { compareText } from "./paths.ts";
import type { Feature } from "./version.ts";

/** Each reference once, sorted by its canonical text. */
export function secretRefs(config: EffectiveConfig, models: readonly ModelSpec[]): SecretRef[] {
  const all = [...models.flatMap(modelRefs), ...config.mcpServers.flatMap(serverRefs)];
  const byText = new Map(all.map((ref) => [canonicalJson(ref), ref]));
  return [...byText].toSorted(([a], [b]) => compareText(a, b)).map(([, ref]) => ref);
}

export function modelRefs(model: ModelSpec): SecretRef[] {
  return [model.apiKey, model.baseURL, ...Object.values(model.headers)].filter(isRef);
}

function serverRefs(server: McpServer): SecretRef[] {
  return mcpTexts(server).flatMap((text) =>
    typeof text === "string"
      ? []
      : text.flatMap((piece) => (typeof piece === "string" ? [] : [{ env: piece.env }])),
  );
}

function mcpTexts(server: McpServer): McpText[] {
  if (server.type === "stdio") return [server.command, ...server.args, ...Object.values(server.env)];
  return [server.url, ...Object.values(server.headers)];
}

function isRef(value: string | SecretRef | null): value is SecretRef {
  return typeof value === "object" && value !== null;
}

/** `env:NAME`, `file:path` or `secret:name`: for people and reports. */
export function refText(ref: SecretRef): string {
  if ("env" in ref) return `env:${ref.env}`;
  return "file" in ref ? `file:${ref.file}` : `secret:${ref.secret}`;
}

/** Follows from the content alone, so a pack cannot ask for less than it uses. */
export function requiredFeatures(config: EffectiveConfig): Feature[] {
  const { global, dag } = config.memory.write;
  const uses = {
    mcp: config.mcpServers.length > 0,
    "memory.ops": global !== "none" || dag !== "none",
    skills: config.skills.length > 0,
  } satisfies Record<Feature, boolean>;
  return (["mcp", "memory.ops", "skills"] as const).filter((feature) => uses[feature]);
}

/**
 * The strict schema of format v1. It checks shape alone; order, references and limits are in the files beside it. The
 * published JSON Schema is printed from it, so rules are patterns and bounds, which travel, rather than functions.
 */

import { z } from "zod";
import type { JsonRecord, JsonValue } from "./canonical-json.ts";
import { allowedKeyForm, isForbiddenKey } from "./canonical-json.ts";
import type * as content from "./content.ts";
import { digestNameForm } from "./digest.ts";
import { dagNameForm, idForm } from "./paths.ts";
import { features, formatName } from "./version.ts";

const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not the name of a variable");
export const id = z
  .string()
  .regex(idForm, "is not an id: a-z, 0-9 and single hyphens, at most 64 characters")
  .meta({ id: "id" });
const digest = z.string().regex(digestNameForm, "is not a digest").meta({ id: "digest" });
const text = z.string();
const textNotEmpty = z.string().min(1);
/** Keys are free; `__proto__` and its like are refused by the canonical form already, and here once more. */
const key = z.string().regex(allowedKeyForm, "is a key that is refused everywhere").meta({ id: "key" });
const count = z.int().min(1);
const price = z.number().min(0);

/** Opaque JSON. One plain walk: a schema of unions would take a hostile megabyte of numbers for a morning's work. */
export const jsonRecord = z
  .custom<JsonRecord>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value) && isJson(value),
    "is not an object of plain JSON",
  )
  .meta({ type: "object", description: "Opaque." });

/** The depth of what comes here is bounded already. */
function isJson(value: unknown): value is JsonValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object") return false;
  return Object.entries(value).every(([key, item]) => !isForbiddenKey(key) && isJson(item));
}

export const effect = z.enum(["read", "idempotent", "local", "external"]);
export const onAsk = z.enum(["suspend", "deny", "fail"]);
export const onUnknownEffect = z.enum(["tell-model", "ask", "fail"]);
export const sandbox = z.enum(["auto", "container", "bwrap", "none"]);
export const scopeName = z.enum(["dag", "global"]);
export const writeMode = z.enum(["none", "propose", "append"]);
export const permissionDefault = z.enum(["deny", "ask", "allow"]);
export const provider = z.enum(["openai", "anthropic", "google", "openrouter", "openai-compatible"]);
export const reasoning = z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]);
export const modelInput = z.enum(["text", "image", "pdf", "audio"]);

export const envRef = z.strictObject({ env: envName });
export const secretRef = z
  .union(
    [envRef, z.strictObject({ file: textNotEmpty }), z.strictObject({ secret: id })],
    "is not a reference: { secret: name }, { env: NAME } or { file: path }",
  )
  .meta({ id: "secretRef" });

const mcpText = z
  .union([text, z.array(z.union([text, z.strictObject({ env: envName, default: text.nullable() })]))])
  .meta({ id: "mcpText" });
const mcpServer = z.discriminatedUnion("type", [
  z.strictObject({
    name: id,
    type: z.literal("stdio"),
    command: mcpText,
    args: z.array(mcpText),
    env: z.record(key, mcpText),
  }),
  z.strictObject({ name: id, type: z.enum(["http", "sse"]), url: mcpText, headers: z.record(key, mcpText) }),
]);

const config = z
  .strictObject({
    profile: id.nullable(),
    engine: z.literal("builtin"),
    instructions: text,
    modelChain: z.array(id).min(1),
    soul: id.nullable(),
    skills: z.array(id),
    tools: z.array(textNotEmpty),
    mcpServers: z.array(mcpServer),
    limits: z.strictObject({
      maxTurns: count,
      maxTokens: count,
      maxCostUsd: price.nullable(),
      maxToolOutputBytes: count,
    }),
    permissions: z.strictObject({
      deny: z.array(text),
      ask: z.array(text),
      allow: z.array(text),
      default: permissionDefault,
    }),
    effects: z.record(key, effect),
    onAsk,
    onUnknownEffect,
    sandbox,
    network: z.array(text),
    memory: z.strictObject({
      read: z.array(scopeName),
      write: z.strictObject({ global: writeMode, dag: writeMode }),
      dag: z.string().regex(dagNameForm, "is not the name of a DAG that can have memory").nullable(),
    }),
  })
  .meta({ id: "config" });

const model = z
  .strictObject({
    id,
    name: text,
    provider,
    model: textNotEmpty,
    baseURL: z.union([text, envRef]).nullable(),
    apiKey: secretRef.nullable(),
    headers: z.record(key, z.union([text, secretRef])),
    reasoning: reasoning.nullable(),
    temperature: z.number().min(0).max(2).nullable(),
    contextWindow: count.nullable(),
    maxOutputTokens: count.nullable(),
    input: z.array(modelInput),
    cost: z
      .strictObject({
        input: price,
        output: price,
        cacheRead: price.nullable(),
        cacheWrite: price.nullable(),
      })
      .nullable(),
    worker: z.record(key, text),
    providerOptions: jsonRecord,
  })
  .meta({ id: "model" });

const mode = z.enum(["0644", "0755"]);
const skill = z
  .strictObject({
    name: id,
    description: text.min(1).max(1024),
    allowedTools: z.array(text),
    files: z.array(
      z.union([
        z.strictObject({ path: text, mode, text }),
        z.strictObject({ path: text, mode, base64: z.base64() }),
      ]),
    ),
  })
  .meta({ id: "skill" });

const soul = z.strictObject({ id, name: text, description: text, text }).meta({ id: "soul" });
const topic = z.strictObject({ path: text, text });
const scope = z.strictObject({ base: digest, text, topics: z.array(topic) }).meta({ id: "scope" });

export const envelope = z.strictObject({
  format: z.literal(formatName),
  version: z.literal(1),
  requires: z.array(z.enum(features)),
  config,
  models: z.array(model),
  skills: z.array(skill),
  souls: z.array(soul),
  memory: z.strictObject({
    global: scope.nullable(),
    dags: z.record(key.regex(dagNameForm), scope.nullable()),
  }),
  secrets: z.array(secretRef),
}) satisfies z.ZodType<content.SnapshotContent>;

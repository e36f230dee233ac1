/** `models/<id>.yaml`: one model. */

import { z } from "zod";
import type { ModelSpec } from "../format/content.ts";
import * as shared from "../format/envelope.ts";
import { compareText } from "../format/paths.ts";

const price = z.number().min(0);
const url = z.url({ protocol: /^https?$/, error: "is not an http or https address" });
const sensitiveName = /authorization|key|token|secret|password|cookie/i;

export const modelSchema = z
  .strictObject({
    name: z.string().min(1).optional(),
    description: z.string().optional(),
    provider: shared.provider,
    model: z.string().min(1),
    baseURL: z.union([url, shared.envRef], "is neither an http address nor { env: NAME }").optional(),
    apiKey: shared.secretRef.optional(),
    headers: z.record(z.string(), z.union([z.string(), shared.secretRef])).optional(),
    reasoning: shared.reasoning.optional(),
    temperature: z.number().min(0).max(2).optional(),
    contextWindow: z.int().min(1).optional(),
    maxOutputTokens: z.int().min(1).optional(),
    input: z.array(shared.modelInput).min(1).optional(),
    cost: z
      .strictObject({
        input: price,
        output: price,
        cacheRead: price.optional(),
        cacheWrite: price.optional(),
      })
      .optional(),
    worker: z.record(z.string(), z.string()).optional(),
    providerOptions: shared.jsonRecord.optional(),
  })
  .superRefine((model, context) => {
    if (model.provider === "openai-compatible" && model.baseURL === undefined) {
      context.addIssue({ code: "custom", path: ["baseURL"], message: "is required" });
    }
    for (const path of plainSecrets(model)) {
      context.addIssue({
        code: "custom",
        path,
        message: "must be a reference, such as { secret: name } or { env: NAME }",
      });
    }
  });

type ModelFile = z.infer<typeof modelSchema>;

/** Places whose name says that they hold a secret and that hold plain text. */
function plainSecrets({ headers = {}, providerOptions = {} }: ModelFile): string[][] {
  const inHeaders = Object.entries(headers)
    .filter(([name, value]) => typeof value === "string" && isSensitiveName(name))
    .map(([name]) => ["headers", name]);
  return [...inHeaders, ...plainApiKeys(providerOptions, ["providerOptions"])];
}

export function isSensitiveName(name: string): boolean {
  return sensitiveName.test(name);
}

function plainApiKeys(value: unknown, path: string[]): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const here = [...path, key];
    return typeof item === "string" && /^api_?key$/i.test(key) ? [here] : plainApiKeys(item, here);
  });
}

/** As it stands in a pack. The description stays in the library: no worker needs it. */
export function modelSpec(id: string, file: ModelFile): ModelSpec {
  const { cost } = file;
  return {
    id,
    name: file.name ?? id,
    provider: file.provider,
    model: file.model,
    baseURL: file.baseURL ?? null,
    apiKey: file.apiKey ?? null,
    headers: file.headers ?? {},
    reasoning: file.reasoning ?? null,
    temperature: file.temperature ?? null,
    contextWindow: file.contextWindow ?? null,
    maxOutputTokens: file.maxOutputTokens ?? null,
    input: [...new Set(file.input ?? (["text"] as const))].toSorted(compareText),
    cost:
      cost === undefined
        ? null
        : { ...cost, cacheRead: cost.cacheRead ?? null, cacheWrite: cost.cacheWrite ?? null },
    worker: file.worker ?? {},
    providerOptions: file.providerOptions ?? {},
  };
}

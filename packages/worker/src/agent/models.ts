/** From the models of a pack to clients that can be asked. Keys and addresses are resolved here, before the first turn. */

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { FaultError } from "@haversack/base";
import type { ModelSpec } from "@haversack/snapshot";
import type { LanguageModel } from "ai";
import { AiClient, type CallSettings } from "./ai-client.ts";
import type { ChainModel } from "./ask-model.ts";
import type { SecretReference } from "./assignment.ts";
import { nameOf, type SecretValues } from "./secrets.ts";

/** Not a name, which the package would look up at a gateway. */
type Model = Exclude<LanguageModel, string>;

/** Everything that a provider is made with, without references. */
interface Resolved {
  readonly baseURL: string | undefined;
  readonly apiKey: string | undefined;
  readonly headers: Record<string, string>;
}

export interface ModelsMade {
  /** At least one, in the order of the chain. */
  readonly models: readonly ChainModel[];
  /** Why the others cannot be used on this worker, one line each. */
  readonly passedOver: readonly string[];
}

/** Throws `model_unavailable` when none can be used. */
export function makeModels(specs: readonly ModelSpec[], secrets: SecretValues): ModelsMade {
  const models: ChainModel[] = [];
  const passedOver: string[] = [];
  for (const spec of specs) {
    const made = makeModel(spec, secrets);
    if (typeof made === "string") passedOver.push(`${spec.id}: ${made}`);
    else models.push(made);
  }
  if (models.length > 0) return { models, passedOver };
  throw new FaultError(
    "unavailable",
    "model_unavailable",
    `none of the step's models can be used on this worker: ${passedOver.join("; ")}`,
  );
}

/** The model, or why not. */
function makeModel(spec: ModelSpec, secrets: SecretValues): ChainModel | string {
  const resolved = resolve(spec, secrets);
  if (typeof resolved === "string") return resolved;
  const model = languageModel(spec, resolved);
  if (typeof model === "string") return model;
  const { cost } = spec;
  const client = new AiClient(model, callSettings(spec));
  return { id: spec.id, client, ...(cost !== null && { price: { input: cost.input, output: cost.output } }) };
}

function resolve(spec: ModelSpec, secrets: SecretValues): Resolved | string {
  const missing: string[] = [];
  const value = (given: string | SecretReference | null): string | undefined => {
    if (given === null || typeof given === "string") return given ?? undefined;
    const found = secrets.get(given);
    if (found === undefined) missing.push(nameOf(given));
    return found;
  };
  const headers = Object.entries(spec.headers).map(([name, given]) => [name, value(given) ?? ""] as const);
  const resolved = {
    baseURL: value(spec.baseURL),
    apiKey: value(spec.apiKey),
    headers: Object.fromEntries(headers),
  };
  if (missing.length > 0) return `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set here`;
  return resolved;
}

/** Answers with the reason when there is none. */
function languageModel(spec: ModelSpec, { baseURL, apiKey, headers }: Resolved): Model | string {
  const settings = {
    headers,
    ...(apiKey !== undefined && { apiKey }),
    ...(baseURL !== undefined && { baseURL }),
  };
  switch (spec.provider) {
    case "openai":
      return createOpenAI(settings)(spec.model);
    case "anthropic":
      return createAnthropic(settings)(spec.model);
    case "openrouter":
      return compatible(spec, { ...settings, baseURL: baseURL ?? "https://openrouter.ai/api/v1" });
    case "openai-compatible":
      if (baseURL === undefined) return "an openai-compatible model needs a baseURL";
      return compatible(spec, { ...settings, baseURL });
    case "google":
      return "the provider google is not part of this version; its address for OpenAI clients works with openai-compatible";
    default:
      return spec.provider satisfies never;
  }
}

function compatible(
  spec: ModelSpec,
  settings: { baseURL: string; headers: Record<string, string>; apiKey?: string },
): Model {
  return createOpenAICompatible({ name: spec.id, includeUsage: true, ...settings })(spec.model);
}

function callSettings(spec: ModelSpec): CallSettings {
  // What OpenAI keeps on its side another worker could not go on with.
  const own = spec.provider === "openai" ? { openai: { store: false } } : {};
  return {
    providerOptions: { ...own, ...(spec.providerOptions as CallSettings["providerOptions"]) },
    ...(spec.maxOutputTokens !== null && { maxOutputTokens: spec.maxOutputTokens }),
    ...(spec.temperature !== null && { temperature: spec.temperature }),
    ...(spec.reasoning !== null && { reasoning: spec.reasoning }),
  };
}

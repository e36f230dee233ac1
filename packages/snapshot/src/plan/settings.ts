/**
 * The keys with which a library and a DAG say what an agent may use. The coordinator's DAG parser reuses
 * `agentSettingsSchema` for `steps[].agent` and `defaults.agent`, so that one schema decides for all of them.
 */

import { z } from "zod";
import * as shared from "../format/envelope.ts";
import { idForm } from "../format/paths.ts";

const expression = /\$\{\{/;

/** An id; an expression in its place gets a message of its own, because people try it. */
export const idSetting = z
  .string()
  .meta({ pattern: idForm.source })
  .superRefine((text, context) => {
    if (expression.test(text)) {
      context.addIssue({
        code: "custom",
        message:
          "is an expression, but the items of an agent are pinned when the run is submitted: write an id",
      });
    } else if (!shared.id.safeParse(text).success) {
      context.addIssue({
        code: "custom",
        message: "is not an id: a-z, 0-9 and single hyphens, at most 64 characters",
      });
    }
  });

const unique = (values: readonly string[]) => new Set(values).size === values.length;
const twice = "names something twice";
const words = z.array(z.string().min(1)).refine(unique, twice).meta({ uniqueItems: true });
const ids = z.array(idSetting).refine(unique, twice).meta({ uniqueItems: true });

const chainSetting = z.union(
  [idSetting, z.array(idSetting).min(1).max(8).refine(unique, twice)],
  "is not the id of a model or a list of 1 to 8 of them",
);

const limitSettings = z.strictObject({
  maxTurns: z.int().min(1).optional(),
  maxTokens: z.int().min(1).optional(),
  maxCostUsd: z.number().min(0).optional(),
  maxToolOutputBytes: z.int().min(1024).optional(),
});

/** `tool` or `tool(glob)`. */
const rule = z.string().regex(/^[A-Za-z0-9_*-]+(\(.*\))?$/s, 'is not a rule such as "bash(git *)"');

const permissionSettings = z.strictObject({
  deny: z.array(rule).optional(),
  ask: z.array(rule).optional(),
  allow: z.array(rule).optional(),
  default: shared.permissionDefault.optional(),
});

const memoryWriteSettings = z.strictObject({
  global: shared.writeMode.optional(),
  dag: shared.writeMode.optional(),
});

const memorySettings = z.strictObject({
  read: z.array(shared.scopeName).refine(unique, twice).optional(),
  write: memoryWriteSettings.optional(),
});

/** Keys that config.yaml, profiles, `defaults.agent` and steps share. */
const sharedSettings = {
  engine: z.literal("builtin").optional(),
  model: chainSetting.optional(),
  soul: idSetting.optional(),
  skills: ids.optional(),
  tools: words.optional(),
  mcpServers: ids.optional(),
  limits: limitSettings.optional(),
  permissions: permissionSettings.optional(),
  onAsk: shared.onAsk.optional(),
  onUnknownEffect: shared.onUnknownEffect.optional(),
  sandbox: shared.sandbox.optional(),
  network: words.optional(),
};

/** The keys of `steps[].agent` and `defaults.agent` but for the prompt and the output schema. */
export const agentSettingsSchema = z.strictObject({
  use: idSetting.optional(),
  ...sharedSettings,
  memory: memorySettings.optional(),
});

export const profileSchema = z.strictObject({
  name: idSetting,
  description: z.string().min(1).max(1024),
  ...sharedSettings,
  memory: memorySettings.optional(),
});

const unsupported = (what: string) => z.literal(false, `is not supported yet: ${what}`);

export const configSchema = z.strictObject({
  version: z.literal(1),
  ...sharedSettings,
  ceilings: limitSettings.optional(),
  effects: z.record(z.string(), shared.effect).optional(),
  memory: z.strictObject({ write: memoryWriteSettings.optional() }).optional(),
  gateway: unsupported("workers call models themselves").optional(),
  import: unsupported("everything is read from the agent library").optional(),
});

export type AgentSettings = z.infer<typeof agentSettingsSchema>;
export type ProfileSettings = z.infer<typeof profileSchema>;
export type LibraryConfig = z.infer<typeof configSchema>;

/** What one level says. Readonly throughout, so that a constant fits. */
export type LayerSettings = ReadonlyDeep<Omit<AgentSettings, "use">>;
type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T;

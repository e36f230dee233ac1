/** The shape of what agent steps and `dag` steps do. */

import { agentSettingsSchema } from "@haversack/snapshot";
import { z } from "zod";
import { jsonValue } from "./json-value.ts";
import { slug } from "./slug.ts";

const textMax = 64 * 1024;
const candidatesMax = 100;

export const paramName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "expected a name such as region");

/** The step's own keys beside the settings (`use`, model, skills, ...), whose schema the snapshot planner owns. */
export const agent = agentSettingsSchema.extend({
  prompt: z.string().min(1).max(textMax),
  output: z.record(z.string(), z.unknown()).optional(),
});

export const agentDefaults = agentSettingsSchema.clone();

export const child = z.strictObject({
  use: z.string().min(1).max(textMax),
  params: z.record(paramName, jsonValue).optional(),
  candidates: z.array(slug).min(1).max(candidatesMax).optional(),
});

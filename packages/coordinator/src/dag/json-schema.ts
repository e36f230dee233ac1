/**
 * The JSON Schema of a DAG file, for editors and for readers in other languages: printed from the schema that checks
 * submissions, so it never refuses what a coordinator takes. It says less than that one: cycles, names of steps,
 * expressions and items of the agent library are beyond it. Checked in as `schemas/dag.schema.json`.
 */

import { z } from "zod";
import { commandKeys, dagSchema, notInHandlers, stepKinds } from "./dag-schema.ts";
import { agentTexts, keyTexts, partTexts } from "./dag-texts.ts";
import { scheduleEntry } from "./schedule-schema.ts";
import { notInHuman } from "./stray-keys.ts";

/** What of JSON Schema this file looks at. */
export interface SchemaNode {
  type?: string;
  description?: string;
  properties?: Record<string, SchemaNode>;
  definitions?: Record<string, SchemaNode>;
  [keyword: string]: unknown;
}

const title = "Haversack DAG";
const description =
  "A workflow: steps that run commands or agents on a fleet of workers, or ask a person. `haversack validate` also checks what a schema cannot say.";

const print = (schema: z.ZodType): SchemaNode =>
  z.toJSONSchema(schema, { target: "draft-7", io: "input", unrepresentable: "any" }) as SchemaNode;

/** Draft-07, the one that editors know best, as text with a line break at its end. */
export function dagJsonSchema(): string {
  return `${JSON.stringify(dagSchemaNode(), undefined, 2)}\n`;
}

export function dagSchemaNode(): SchemaNode {
  const { $schema, definitions = {}, ...shape } = print(dagSchema);
  Object.assign(definitions, scheduleParts());
  if (definitions["step"] !== undefined) Object.assign(definitions["step"], stepRules());
  if (definitions["handlers"] !== undefined)
    Object.assign(definitions["handlers"], { items: handlerRules() });
  describe(shape, "", keyTexts);
  for (const [part, node] of Object.entries(definitions)) {
    node.description = partTexts[part] ?? "";
    describe(node, `${part}.`, textsOf(part));
  }
  const sorted = Object.fromEntries(Object.entries(definitions).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { $schema, title, description, ...shape, definitions: sorted };
}

/** The schema takes any schedule, because its own reader tells what is wrong with each of a list. */
function scheduleParts(): Record<string, SchemaNode> {
  const { $schema: _, ...schedule } = print(scheduleEntry.schema);
  const one = { anyOf: [{ type: "string", examples: ["30 2 * * *"] }, { $ref: "#/definitions/schedule" }] };
  const list = { type: "array", minItems: 1, maxItems: scheduleEntry.countMax, items: one };
  return { schedule, schedules: { anyOf: [...one.anyOf, list] } };
}

function stepRules(): object {
  return {
    oneOf: stepKinds.map((kind) => ({ required: [kind] })),
    dependencies: Object.fromEntries(commandKeys.map((key) => [key, ["run"]])),
    not: {
      allOf: [
        { required: ["human"] },
        { anyOf: Object.keys(notInHuman).map((key) => ({ required: [key] })) },
      ],
    },
  };
}

function handlerRules(): object {
  const never = Object.keys(notInHandlers).map((key) => ({ required: [key] }));
  return { allOf: [{ $ref: "#/definitions/step" }, { not: { anyOf: never } }] };
}

const agentParts = new Set(["agent", "agentDefaults"]);

function textsOf(part: string): Readonly<Record<string, string>> {
  if (!agentParts.has(part)) return keyTexts;
  const shared = Object.entries(agentTexts).map(([key, text]) => [`${part}.${key}`, text] as const);
  return { ...keyTexts, ...Object.fromEntries(shared) };
}

/** Writes the texts beside the keys; a `$ref` gets a wrapper, because draft-07 ignores what stands beside one. */
function describe(node: SchemaNode, prefix: string, texts: Readonly<Record<string, string>>): void {
  for (const [key, property] of Object.entries(node.properties ?? {})) {
    const text = texts[`${prefix}${key}`];
    if (text !== undefined && node.properties !== undefined) {
      const own = "$ref" in property ? { allOf: [property] } : property;
      node.properties[key] = { description: text, ...own };
    }
    describe(property, `${prefix}${key}.`, texts);
  }
}

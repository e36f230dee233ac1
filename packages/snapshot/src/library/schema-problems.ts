/** What a zod schema finds, as problems for a person: field, what is wrong, and what was probably meant. */

import { didYouMean } from "@haversack/base";
import { z } from "zod";
import { pathText } from "../format/canonical-json.ts";

export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** All issues of a failed parse, in the order of the schema. */
export function fieldProblems(error: z.ZodError, schema: z.ZodType, value: unknown): FieldProblem[] {
  return error.issues.flatMap((issue) => issueProblems(issue, schema, value));
}

function issueProblems(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): FieldProblem[] {
  const field = fieldText(issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schemaAt(schema, issue.path));
    return issue.keys.map((key) => ({
      field: fieldText([...issue.path, key]),
      message: `unknown key ${JSON.stringify(key)}${didYouMean(key, known)}`,
    }));
  }
  if (issue.code === "invalid_key") {
    return [{ field, message: lowerFirst(issue.issues.map((inner) => inner.message).join("; ")) }];
  }
  if (issue.path.length > 0 && valueAt(value, issue.path) === undefined)
    return [{ field, message: "is required" }];
  return [{ field, message: lowerFirst(issue.message.replace(/^Invalid input: /, "")) }];
}

function fieldText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "" : pathText(path);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((current, part) => {
    if (typeof current !== "object" || current === null) return undefined;
    return Object.getOwnPropertyDescriptor(current, part)?.value as unknown;
  }, value);
}

function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>(
    (current, part) => current && childOf(unwrap(current), part),
    schema,
  );
}

function childOf(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[String(part)];
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return schema instanceof z.ZodArray ? schema.element : undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return unwrap(schema.unwrap());
  return schema;
}

/** Of an object, or of all objects of a union together. */
function knownKeys(schema: z.core.$ZodType | undefined): string[] {
  if (schema === undefined) return [];
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape);
  return inner instanceof z.ZodUnion ? inner.options.flatMap(knownKeys) : [];
}

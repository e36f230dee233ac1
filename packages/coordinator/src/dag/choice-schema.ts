/**
 * A value that may be written in several forms. The JSON Schema of a DAG names them all; an error is told of the one
 * that was meant, by its own place.
 */

import { fieldProblems } from "@haversack/snapshot";
import { z } from "zod";

/** @param meant the form that a value tries to be, or what was expected instead */
export function choice<T>(forms: readonly z.ZodType<T>[], meant: (value: unknown) => z.ZodType<T> | string) {
  return z
    .unknown()
    .meta({ anyOf: forms.map(jsonSchemaOf) })
    .transform((value, context): T => {
      const schema = meant(value);
      if (typeof schema === "string") {
        context.addIssue({ code: "custom", message: schema });
        return z.NEVER;
      }
      const read = schema.safeParse(value);
      if (read.success) return read.data;
      for (const { field, message } of fieldProblems(read.error, schema, value)) {
        context.addIssue({ code: "custom", message, path: pathOf(field) });
      }
      return z.NEVER;
    });
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function jsonSchemaOf(schema: z.ZodType) {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}

/** `[0].in[1]` is `[0, "in", 1]`. */
const pathOf = (field: string): (string | number)[] =>
  (field.match(/[^.[\]]+/g) ?? []).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
